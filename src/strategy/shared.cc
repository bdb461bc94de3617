#include "strategy/shared.h"

#include <utility>

namespace scantune {

class SharedStrategy::Lane final : public Strategy {
 public:
  explicit Lane(SharedStrategy& shared) : shared_(shared) {}
  ~Lane() override {
    const std::scoped_lock lock(shared_.mutex_);
    shared_.under_way_ -= mine_.size();
    for (auto& [spelling, request] : mine_) {
      shared_.given_back_.push_back(std::move(request));
    }
    shared_.changed_.notify_all();
  }
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  std::vector<Request> ask(size_t n) override {
    std::unique_lock lock(shared_.mutex_);
    for (;;) {
      std::vector<Request> requests = next(n);
      if (!requests.empty()) {
        for (const Request& request : requests) {
          shared_.under_way_ += mine_.emplace(to_string(request.variant), request).second ? 1 : 0;
        }
        return requests;
      }
      if (!mine_.empty() || shared_.under_way_ == 0) {
        return requests;
      }
      shared_.changed_.wait(lock);
    }
  }

  void tell(const Event& event) override {
    const std::scoped_lock lock(shared_.mutex_);
    shared_.strategy_.tell(event);
    const bool ended = std::holds_alternative<Measured>(event.what) || std::holds_alternative<Failure>(event.what);
    if (ended && mine_.erase(to_string(event.variant)) > 0) {
      --shared_.under_way_;
      shared_.changed_.notify_all();
    }
  }

 private:
  std::vector<Request> next(size_t n) {
    std::vector<Request> requests;
    while (requests.size() < n && !shared_.given_back_.empty()) {
      requests.push_back(std::move(shared_.given_back_.back()));
      shared_.given_back_.pop_back();
    }
    return requests.empty() ? shared_.strategy_.ask(n) : requests;
  }

  SharedStrategy& shared_;
  std::map<std::string, Request> mine_;  // under way, by spelling
};

std::unique_ptr<Strategy> SharedStrategy::lane() { return std::make_unique<Lane>(*this); }

}  // namespace scantune
