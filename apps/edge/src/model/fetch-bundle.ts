import { createHash } from "node:crypto";
import { problemDetail } from "../send/answer.ts";
import { httpCall, serviceUrl } from "../send/http.ts";
import { SendError } from "../send/transport.ts";
import type { TlsOptions } from "../send/tls.ts";

export interface FetchBundleOptions {
  readonly url: string;
  readonly id: string;
  readonly token: string | undefined;
  readonly tls: TlsOptions;
  readonly patienceMs: number;
  readonly signal: AbortSignal;
}

const MOST_BYTES = 2 ** 26;

/**
 * A model's encoder from the service, its SHA-256 compared with what the service says of it.
 *
 * @throws SendError no bundle, or another than was promised
 */
export async function fetchBundle({ url, id, token, ...options }: FetchBundleOptions): Promise<Uint8Array> {
  const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  const from = serviceUrl(url, `v1/models/${id}/bundle`);
  const answer = await httpCall({ url: from, method: "GET", headers, most: MOST_BYTES, ...options });
  if (answer.status !== 200) {
    const why = problemDetail(answer.body);
    throw new SendError(`${from.href}: status ${answer.status}${why === undefined ? "" : `, ${why}`}`);
  }
  const promised = /(?:^|,)\s*sha-256=([A-Za-z0-9+/=]+)/i.exec(String(answer.headers["digest"] ?? ""))?.[1];
  if (promised === undefined) throw new SendError(`${from.href}: no SHA-256 in a Digest header`);
  const got = createHash("sha256").update(answer.body).digest("base64");
  if (got !== promised)
    throw new SendError(`${from.href}: its SHA-256 is ${got}, and ${promised} by its Digest header`);
  return answer.body;
}
