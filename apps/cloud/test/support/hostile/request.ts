/** A request as it is written on the wire, with nothing in the way of writing a wrong one. */
export interface Request {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array;
}

/** Its bytes; `Host`, `Content-Length` and `Connection` are added where no header of the name is there. */
export function requestBytes({ method, target, headers, body }: Request, connection: "close" | "keep-alive"): Buffer {
  const has = (name: string): boolean => headers.some(([one]) => one.toLowerCase() === name);
  const added: [string, string][] = [
    ...(has("host") ? [] : [["Host", "localhost"] as [string, string]]),
    ...(has("content-length") || has("transfer-encoding") || (body.length === 0 && method === "GET")
      ? []
      : [["Content-Length", String(body.length)] as [string, string]]),
    ...(has("connection") ? [] : [["Connection", connection] as [string, string]]),
  ];
  const lines = [...added, ...headers].map(([name, value]) => `${name}: ${value}`);
  return Buffer.concat([Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`, "latin1"), body]);
}
