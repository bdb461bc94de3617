"""The operator's namespace, where the settings come from, and the fastest variant of each workload that was tuned."""

NAMESPACE = "@NAMESPACE@"

PROVENANCE = @PROVENANCE@
TUNED = [
@TUNED@]
