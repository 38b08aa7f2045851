/** A real Mosquitto of Debian's package in a temporary folder, for tests: started, killed, started again. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { mosquitto } from "../lib/probe.mjs";
import { freePort } from "./free-port.ts";
import { ServerProcess } from "./server-process.ts";

export interface MosquittoServer {
  readonly port: number;
  /** `mqtt://127.0.0.1:<port>`, or `mqtts://localhost:<port>` where it was given a certificate. */
  readonly url: string;
  readonly process: ServerProcess;
  /** Kills it and takes its folder away. */
  stop(): Promise<void>;
}

export interface MosquittoOptions {
  /** Lines of `mosquitto.conf` behind ours. */
  readonly settings?: readonly string[];
  /** Files: with them it speaks TLS only. */
  readonly tls?: { readonly ca: string; readonly certificate: string; readonly key: string; readonly clients: boolean };
}

/** Listens on the loopback; everybody on this machine may enter unless `settings` say otherwise. What it holds is saved at every change. */
export async function startMosquitto({ settings = [], tls }: MosquittoOptions = {}): Promise<MosquittoServer> {
  const folder = mkdtempSync(join(tmpdir(), "isthmus-mosquitto-"));
  const port = await freePort();
  const config = join(folder, "mosquitto.conf");
  const lines = [
    `listener ${port} 127.0.0.1`,
    ...(tls === undefined ? [] : [`cafile ${tls.ca}`, `certfile ${tls.certificate}`, `keyfile ${tls.key}`]),
    ...(tls?.clients ? ["require_certificate true"] : []),
    `user ${userInfo().username}`,
    "allow_anonymous true",
    "persistence true",
    `persistence_location ${folder}/`,
    "autosave_on_changes true",
    "autosave_interval 1",
    "max_queued_messages 0",
    ...settings,
  ];
  writeFileSync(config, `${lines.join("\n")}\n`);
  const server = new ServerProcess({
    program: mosquitto,
    args: ["-c", config],
    ready: /mosquitto version \S+ running/,
  });
  await server.start();
  return {
    port,
    url: tls === undefined ? `mqtt://127.0.0.1:${port}` : `mqtts://localhost:${port}`,
    process: server,
    async stop() {
      await server.kill();
      rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}
