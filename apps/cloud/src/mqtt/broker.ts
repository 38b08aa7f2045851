import { UsageError } from "@isthmus/command-line/node";
import type { IClientOptions } from "mqtt";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { resolve } from "node:path";

/** PEM files: what the broker's certificate is checked by instead of the system's own list, and the service's certificate. */
export interface BrokerFiles {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** How a broker is reached. */
export interface Broker {
  /** Without user and password, for people. */
  readonly name: string;
  readonly options: IClientOptions;
}

const DEFAULT_PORTS = { "mqtt:": 1883, "mqtts:": 8883 } as const;

/**
 * Of `mqtt[s]://[user[:password]@]host[:port]`.
 *
 * @throws UsageError another URL, files beside `mqtt:`, a file that cannot be read
 */
export function brokerOf(text: string, files: BrokerFiles = {}): Broker {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const scheme = url?.protocol as keyof typeof DEFAULT_PORTS;
  // What was given is not repeated: there may be a password in it.
  if (!url?.hostname || !(scheme in DEFAULT_PORTS) || !/^\/?$/.test(url.pathname) || url.search || url.hash) {
    throw new UsageError("a broker is mqtt[s]://[user[:password]@]host[:port]; what was given is something else");
  }
  const given = Object.entries(files).filter(([, file]) => file !== undefined);
  if (scheme === "mqtt:" && given.length > 0) {
    throw new UsageError(`${given.map(([name]) => name).join(" and ")} is for mqtts://, and the broker is mqtt://`);
  }
  if ((files.cert === undefined) !== (files.key === undefined)) {
    throw new UsageError("a certificate and its key go together; one of them is missing");
  }
  const port = url.port === "" ? DEFAULT_PORTS[scheme] : Number(url.port);
  return {
    name: `${scheme}//${url.hostname}:${port}`,
    options: {
      protocol: scheme === "mqtts:" ? "mqtts" : "mqtt",
      host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
      port,
      ...(url.username !== "" && { username: decodeURIComponent(url.username) }),
      ...(url.password !== "" && { password: decodeURIComponent(url.password) }),
      ...Object.fromEntries(given.map(([name, file]) => [name, contentOf(name, file as string)])),
    },
  };
}

function contentOf(name: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new UsageError(`cannot read the broker's ${name}: ${(error as Error).message}`, { cause: error });
  }
}

/**
 * What an instance is called at the broker: the same after a restart, so that it goes on with the messages it was given, and another for each instance. 23
 * letters and digits are what every broker accepts.
 */
export function clientIdOf(dataFolder: string): string {
  const hash = createHash("sha256")
    .update(`${hostname()}\n${resolve(dataFolder)}`)
    .digest("hex");
  return `isthmus${hash.slice(0, 16)}`;
}
