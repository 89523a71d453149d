/**
 * Loaded into the server by `--import`: the demo holds the other end of our standard input, so its
 * end means that the demo is gone, however it went, and that we should stop as if asked to.
 */
process.stdin.once("end", () => process.kill(process.pid, "SIGTERM")).resume();
if ("unref" in process.stdin) process.stdin.unref();
