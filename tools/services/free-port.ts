import { createServer } from "node:net";

/** Below the ports that the kernel hands out by itself, so that a server that is killed finds its port free again. */
const [FROM, TO] = [20_000, 32_000];

/** A port of the loopback at which nobody listens; it stays free unless somebody asks for just that one. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FROM + Math.floor(Math.random() * (TO - FROM));
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen({ port, host: "127.0.0.1", exclusive: true }, () => probe.close(() => resolve(true)));
  });
}
