import { setMaxListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { Death } from "./schedule.ts";

/** What can be killed as by a power cut, and started again where it left off. */
export interface Victim {
  readonly name: string;
  kill(): Promise<void>;
  start(): Promise<void>;
}

/**
 * Kills and restarts as scheduled. Who did not come back in time dies later than planned, not twice at once.
 *
 * @returns how often each died
 * @throws the error of one that does not start again; the rest of the schedule is given up
 */
export async function conduct(
  deaths: readonly Death[],
  victims: readonly Victim[],
  tell: (line: string) => void,
): Promise<Readonly<Record<string, number>>> {
  const started = performance.now();
  const stop = new AbortController();
  setMaxListeners(victims.length, stop.signal);
  const died: Record<string, number> = {};
  const elapsed = (): number => performance.now() - started;
  const one = async (victim: Victim): Promise<void> => {
    for (const { at, down } of deaths.filter(({ name }) => name === victim.name)) {
      await sleep(Math.max(0, at - elapsed()), undefined, { signal: stop.signal });
      await victim.kill();
      died[victim.name] = (died[victim.name] ?? 0) + 1;
      tell(`${(elapsed() / 1000).toFixed(1)} s: killed ${victim.name}, back in ${(down / 1000).toFixed(1)} s`);
      await sleep(down, undefined, { signal: stop.signal });
      await victim.start();
    }
  };
  const running = victims.map((victim) =>
    one(victim).catch((error: unknown) => {
      stop.abort();
      throw error;
    }),
  );
  const ends = await Promise.allSettled(running);
  const failed = ends.find((end) => end.status === "rejected" && (end.reason as Error).name !== "AbortError");
  if (failed) throw (failed as PromiseRejectedResult).reason;
  return died;
}
