/**
 * Ends the process with this code though a thread of it writes to somebody who does not read: such a thread can be
 * neither waited for nor ended, and `process.exit` waits for it. Another program in this one's place has no such thread.
 */
export function endNow(code: number): never {
  try {
    process.execve?.(process.execPath, [process.execPath, "--eval", `process.exitCode = ${code}`], {});
  } catch {
    // Its file may have been replaced meanwhile.
  }
  process.kill(process.pid, "SIGKILL");
  throw new Error("SIGKILL ends every process");
}
