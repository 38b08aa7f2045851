const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/**
 * For commands that have something to do when they are stopped. From the call of the function that is returned on, the first Control-C or SIGTERM aborts the
 * signal; the second ends the process, as the first does where nobody calls it.
 *
 * @param reason the signal's reason; default: an `AbortError`
 */
export function stoppedBySignals(process: Pick<NodeJS.Process, "once">, reason?: () => Error): () => AbortSignal {
  const stop = new AbortController();
  return () => {
    for (const name of SIGNALS) process.once(name, () => stop.abort(reason?.()));
    return stop.signal;
  };
}
