import { UsageError } from "@isthmus/command-line/node";
import { Command } from "commander";
import { pino } from "pino";
import { type App, buildApp } from "../http/app.ts";
import { isLoopback } from "../loopback.ts";
import type { MqttBridge } from "../mqtt/mqtt-bridge.ts";
import { type MqttOptions, startMqtt, withMqttOptions } from "../mqtt/mqtt-options.ts";
import { openService, type Service } from "../service.ts";
import { openStore, type StoreOptions, withStoreOptions } from "../store/open-store.ts";
import { type Context, wholeNumber } from "./context.ts";

interface ServeOptions extends StoreOptions, MqttOptions {
  readonly models?: string;
  readonly host: string;
  readonly port: number;
  readonly secretFile?: string;
  readonly open?: boolean;
  readonly corsOrigin: readonly string[];
  readonly maxBody: number;
  readonly maxModel: number;
  readonly maxConnections: number;
  readonly rate: number;
  readonly workers?: number;
  readonly logLevel: string;
}

const LEVELS = ["silent", "error", "warn", "info", "debug"];
/** What a service that is told to end has begun is to have ended by then. */
const PATIENCE_MS = 30_000;

export function serveCommand(context: Context): Command {
  const command = new Command("serve")
    .description("Store what devices send, and decode it on request. The first line on stdout is the address.")
    .addHelpText("after", NOTES);
  return withMqttOptions(withStoreOptions(command))
    .option("--models <folder>", "folder of .safetensors models and .isthb bundles, read at the start and on SIGHUP")
    .option("--host <address>", "address to listen on", "127.0.0.1")
    .option("--port <n>", "port to listen on; 0 takes a free one", wholeNumber(0, 65_535), 8640)
    .option("--secret-file <file>", "what tokens are made with (default: secret in the data folder, made if missing)")
    .option("--open", "let everybody do everything; only on a loopback address")
    .option("--cors-origin <origin>", "let pages of this origin ask; may be given several times", collected, [])
    .option("--max-body <bytes>", "largest body of frames", wholeNumber(64, 2 ** 30), 2 ** 22)
    .option("--max-model <bytes>", "largest model that can be uploaded", wholeNumber(1, 2 ** 31), 2 ** 26)
    .option("--max-connections <n>", "connections at once", wholeNumber(1, 1_000_000), 1024)
    .option(
      "--rate <n>",
      "requests a second of one token, four times as many at once; 0: any",
      wholeNumber(0, 1e6),
      100,
    )
    .option("--workers <n>", "processes that decode (default: one less than the cores)", wholeNumber(1, 256))
    .option("--log-level <level>", LEVELS.join(", "), "info")
    .action((options: ServeOptions) => serve(context, options));
}

const NOTES = `
Every request but /healthz, /readyz, /metrics and /openapi.json needs a token: isthmus-cloud token prints one.
On SIGTERM the service is no longer ready, answers what has begun, and ends.

Examples:
  isthmus-cloud serve --models models/ --data data/
  isthmus-cloud serve --models models/ --data data/ --open --port 0
  isthmus-cloud serve --models models/ --mqtt mqtts://user:password@broker --database-url postgresql://user:password@host/db
  isthmus-cloud serve --data /var/lib/isthmus --host 0.0.0.0 --secret-file /run/secrets/isthmus`;

function collected(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

async function serve(context: Context, options: ServeOptions): Promise<void> {
  requireLoopback(options);
  if (!LEVELS.includes(options.logLevel)) {
    throw new UsageError(`--log-level expected one of ${LEVELS.join(", ")}, got ${options.logLevel}`);
  }
  const ended = asked(context);
  const log = pino({ level: options.logLevel }, context.stderr);
  const service = await openService({ ...options, store: await openStore(options), log });
  const app = await buildApp(service, { ...options, corsOrigins: options.corsOrigin });
  let bridge: MqttBridge | undefined;
  try {
    bridge = await startMqtt(options, service);
    const address = await app.server.listen({ host: options.host, port: options.port }).catch((error: Error) => {
      throw new UsageError(`cannot listen: ${error.message}`);
    });
    context.stdout.write(`${address}\n`);
    const { models } = options;
    if (models !== undefined) rereading(context, service, models);
    log.info({ signal: await ended }, "ending");
  } finally {
    await end(app, service, bridge);
  }
}

/** Everybody may do everything only where nobody else is. */
function requireLoopback({ open = false, host }: ServeOptions): void {
  if (open && !isLoopback(host)) throw new UsageError(`--open is for a loopback address only, not for ${host}`);
}

function asked(context: Context): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) context.once(signal, () => resolve(signal));
  });
}

/** A folder that cannot be served leaves the models that there are. */
function rereading(context: Context, service: Service, folder: string): void {
  context.once("SIGHUP", () => {
    rereading(context, service, folder);
    service.models.readFolder(folder).then(
      () => service.log.info({ folder }, "models read again"),
      (error: unknown) => service.log.error({ err: error, folder }, "models could not be read"),
    );
  });
}

async function end(app: App, service: Service, bridge: MqttBridge | undefined): Promise<void> {
  const late = setTimeout(() => app.server.server.closeAllConnections(), PATIENCE_MS);
  await Promise.all([app.close(), bridge?.close(PATIENCE_MS)]);
  clearTimeout(late);
  await service.close();
}
