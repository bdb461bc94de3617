#include "device/subprocess.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <thread>

namespace scantune {
namespace {

using ::testing::HasSubstr;
using Read = Subprocess::Read;

Subprocess shell(const std::string& script) {
  auto child = Subprocess::start("/bin/sh", {"-c", script});
  EXPECT_TRUE(child) << (child ? "" : child.error().message);
  return *std::move(child);
}

Subprocess::Clock::time_point soon() { return Subprocess::Clock::now() + std::chrono::seconds(20); }

TEST(Subprocess, AnswersLinesInOrder) {
  Subprocess child = shell("while read line; do echo \"got $line\"; done");
  ASSERT_TRUE(child.write("one\ntwo\n"));
  std::string line;
  ASSERT_EQ(child.read_line(line, soon()), Read::ok);
  EXPECT_EQ(line, "got one");
  ASSERT_EQ(child.read_line(line, soon()), Read::ok);
  EXPECT_EQ(line, "got two");
}

TEST(Subprocess, ReadsBytesAfterALine) {
  Subprocess child = shell("printf '3\\nabc'; echo next");
  std::string line;
  std::string bytes;
  ASSERT_EQ(child.read_line(line, soon()), Read::ok);
  ASSERT_EQ(child.read_bytes(bytes, 3, soon()), Read::ok);
  EXPECT_EQ(bytes, "abc");
  ASSERT_EQ(child.read_line(line, soon()), Read::ok);
  EXPECT_EQ(line, "next");
}

TEST(Subprocess, CarriesMessagesLargerThanASocketBuffer) {
  constexpr size_t kBytes = size_t{1} << 20;
  Subprocess child = shell("read line; echo ${#line}");
  ASSERT_TRUE(child.write(std::string(kBytes, 'x') + "\n"));
  std::string line;
  ASSERT_EQ(child.read_line(line, soon()), Read::ok);
  EXPECT_EQ(line, std::to_string(kBytes));
}

TEST(Subprocess, KeepsAHalfReadLineOverATimeout) {
  Subprocess child = shell("printf half; read wait; echo ' whole'");
  std::string line;
  EXPECT_EQ(child.read_line(line, Subprocess::Clock::now() + std::chrono::milliseconds(50)), Read::timeout);
  ASSERT_TRUE(child.write("go\n"));
  ASSERT_EQ(child.read_line(line, soon()), Read::ok);
  EXPECT_EQ(line, "half whole");
}

TEST(Subprocess, SaysThatTheChildIsGoneAndHowItEnded) {
  Subprocess child = shell("exit 3");
  std::string line;
  EXPECT_EQ(child.read_line(line, soon()), Read::closed);
  EXPECT_FALSE(child.idle_and_alive());
  EXPECT_EQ(child.kill(), "exit code 3");
}

TEST(Subprocess, NamesTheSignalThatEndedTheChild) {
  Subprocess child = shell("kill -SEGV $$");
  std::string line;
  EXPECT_EQ(child.read_line(line, soon()), Read::closed);
  EXPECT_THAT(child.kill(), HasSubstr("killed by signal 11"));
}

TEST(Subprocess, WritingToAChildThatIsGoneIsAnAnswerAndNotASignal) {
  Subprocess child = shell("exit 0");
  std::string line;
  ASSERT_EQ(child.read_line(line, soon()), Read::closed);
  EXPECT_FALSE(child.write("anyone?\n"));
}

TEST(Subprocess, IsNotHeldUpByAChildThatDoesNotRead) {
  constexpr size_t kBytes = size_t{1} << 20;
  Subprocess child = shell("read go; head -c 1048576 | wc -c");
  kill(child.pid(), SIGSTOP);  // before it can start the one that reads, which would not be stopped with it
  ASSERT_TRUE(child.write("go\n"));
  const std::string sent(kBytes, 'x');
  std::string_view rest = sent;
  EXPECT_EQ(child.write(rest, Subprocess::Clock::now() + std::chrono::milliseconds(50)), Read::timeout);
  EXPECT_GT(rest.size(), 0U);
  EXPECT_LT(rest.size(), kBytes);
  kill(child.pid(), SIGCONT);
  EXPECT_EQ(child.write(rest, soon()), Read::ok);
  std::string line;
  ASSERT_EQ(child.read_line(line, soon()), Read::ok);
  EXPECT_THAT(line, HasSubstr("1048576"));
}

TEST(Subprocess, GivesTheChildTheFilesItIsToHave) {
  int errors[2];
  int third[2];
  ASSERT_EQ(pipe2(errors, O_CLOEXEC), 0);
  ASSERT_EQ(pipe2(third, O_CLOEXEC), 0);
  {
    auto child = Subprocess::start("/bin/sh", {"-c", "echo wrong >&2; echo third >&3; echo /proc/$$/fd/*"},
                                   {.keep_stderr = false, .stderr_to = errors[1], .third = third[1]});
    ASSERT_TRUE(child);
    std::string line;
    ASSERT_EQ(child->read_line(line, soon()), Read::ok);
    EXPECT_EQ(line.find(fmt::format("/fd/{}", third[1])), std::string::npos) << line;
  }
  char text[16] = {};
  EXPECT_EQ(read(errors[0], text, sizeof text), 6);
  EXPECT_STREQ(text, "wrong\n");
  EXPECT_EQ(read(third[0], text, sizeof text), 6);
  EXPECT_STREQ(text, "third\n");
  for (const int end : {errors[0], errors[1], third[0], third[1]}) {
    close(end);
  }
}

TEST(Subprocess, KillsAChildThatDoesNotAnswer) {
  Subprocess child = shell("sleep 1000");
  const pid_t pid = child.pid();
  EXPECT_THAT(child.kill(), HasSubstr("killed by signal 9"));
  EXPECT_NE(::kill(pid, 0), 0);  // reaped, not a zombie
}

TEST(Subprocess, EndsItsChildWhenItGoes) {
  pid_t pid = 0;
  {
    const Subprocess child = shell("sleep 1000");
    pid = child.pid();
  }
  EXPECT_NE(::kill(pid, 0), 0);
}

TEST(Subprocess, GivesTheChildNoneOfTheParentsFiles) {
  const int null = open("/dev/null", O_RDONLY);
  const int leaky = fcntl(null, F_DUPFD, 200);  // a number no shell uses itself; no O_CLOEXEC
  ASSERT_GE(leaky, 200);
  Subprocess other = shell("sleep 1000");  // its socket is open in this process, too
  Subprocess child = shell("echo /proc/$$/fd/*");
  std::string line;
  ASSERT_EQ(child.read_line(line, soon()), Read::ok);
  EXPECT_EQ(line.find(fmt::format("/fd/{}", leaky)), std::string::npos) << line;
  close(leaky);
  close(null);
}

TEST(Subprocess, IsOutOfReachOfCtrlC) {
  Subprocess child = shell("sleep 1000");
  EXPECT_EQ(getpgid(child.pid()), child.pid());
  EXPECT_NE(getpgid(child.pid()), getpgrp());
}

TEST(Subprocess, NamesAProgramThatCannotBeStarted) {
  const auto child = Subprocess::start("/nowhere/at/all", {});
  ASSERT_FALSE(child);
  EXPECT_THAT(child.error().message, HasSubstr("cannot start /nowhere/at/all: No such file or directory"));
}

TEST(Subprocess, EndsByItselfWhenTheParentDies) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  const pid_t pid = fork();
  ASSERT_GE(pid, 0);
  if (pid == 0) {
    close(ends[0]);
    exit_when_parent_dies(ends[1]);
    for (;;) {
      pause();  // at work, and not reading
    }
  }
  close(ends[1]);
  EXPECT_EQ(waitpid(pid, nullptr, WNOHANG), 0);
  close(ends[0]);
  int status = -1;
  EXPECT_EQ(waitpid(pid, &status, 0), pid);
  EXPECT_TRUE(WIFEXITED(status));
}

}  // namespace
}  // namespace scantune
