import { setTimeout as sleep } from "node:timers/promises";

/** How long a service is asked again that answers "not now". */
const PATIENCE_MS = 60_000;

/**
 * Gets a JSON document from the service as any client would: 503 is asked again after the seconds that it names, since the line to the database is cut now
 * and then while it is read as well.
 *
 * @param token a reader's
 * @returns undefined for 404
 * @throws Error any other status, or 503 for longer than `patience` milliseconds
 */
export async function pageOf<T>(url: string, token: string, patience = PATIENCE_MS): Promise<T | undefined> {
  const until = performance.now() + patience;
  for (;;) {
    const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
    if (answer.status === 404) return undefined;
    if (answer.ok) return (await answer.json()) as T;
    const said = `${url}: ${answer.status} ${await answer.text()}`;
    const pause = 1000 * (Number(answer.headers.get("retry-after")) || 1);
    if (answer.status !== 503 || performance.now() + pause > until) throw new Error(said);
    await sleep(pause);
  }
}
