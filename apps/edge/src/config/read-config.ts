import { isDeviceId } from "@isthmus/codec";
import { UsageError } from "@isthmus/command-line/node";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Secret } from "../send/secrets.ts";
import type {
  AgentConfig,
  FolderConfig,
  LinesConfig,
  ModelConfig,
  SendConfig,
  SourceConfig,
  WindowConfig,
} from "./config.ts";
import { Table } from "./table.ts";
import { TomlFile } from "./toml-file.ts";

/** @throws UsageError in one line with file, line and key */
export function readConfig(path: string): AgentConfig {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT";
    const what = isMissing ? "no such file; isthmus-edge init writes one" : (error as Error).message;
    throw new UsageError(`${path}: ${what}`, { cause: error });
  }
  return parseConfig(path, text);
}

/** The same of a text that stands in a file of this name. */
export function parseConfig(path: string, text: string): AgentConfig {
  const top = new Table(new TomlFile(path, text), "");
  const device = top.required("device");
  if (!isDeviceId(device)) {
    throw top.error("device", `expected 1 to 64 of A-Z a-z 0-9 . _ -, the first no dot, got ${JSON.stringify(device)}`);
  }
  const state = stateOf(top);
  const send = sendOf(top.table("send"));
  const source = sourceOf(top.table("source"));
  const config: AgentConfig = {
    device,
    state,
    send,
    model: modelOf(top.table("model"), send),
    source,
    frame: frameOf(top.table("frame"), source.kind === "folder" ? MOST_PICTURES : MOST_ITEMS),
    queue: queueOf(top.table("queue")),
  };
  top.finish();
  return config;
}

/** The most bytes of the path of a socket, which is where `status` asks. */
const SOCKET_PATH_BYTES = 100;

function stateOf(top: Table): string {
  const state = top.path("state");
  if (state === undefined) throw top.error(undefined, `"state" is missing: the folder of what the agent keeps`);
  if (Buffer.byteLength(join(state, "status.sock")) <= SOCKET_PATH_BYTES) return state;
  throw top.error("state", `expected a shorter path: a socket in it may have ${SOCKET_PATH_BYTES} bytes, got ${state}`);
}

function modelOf(table: Table, { url: service }: SendConfig): ModelConfig {
  const [id, bundle, url, sha256] = [table.text("id"), table.path("bundle"), table.text("url"), table.text("sha256")];
  table.finish();
  if ((id === undefined) === (bundle === undefined)) {
    throw table.error(undefined, `expected either "id", of a model to fetch, or "bundle", the file it is in`);
  }
  if (id !== undefined && !/^[0-9a-f]{16}$/.test(id))
    throw table.error("id", `expected 16 hex digits, got ${JSON.stringify(id)}`);
  if (sha256 !== undefined && !/^[0-9a-f]{64}$/.test(sha256)) throw table.error("sha256", "expected 64 hex digits");
  if (bundle !== undefined) return { bundle, ...(sha256 !== undefined && { sha256 }) };
  const from = url ?? (isHttp(service) ? service : undefined);
  if (from === undefined) throw table.error(undefined, `"url" is missing: models are fetched by HTTP`);
  if (!isHttp(from)) throw table.error("url", `expected http:// or https://, got ${JSON.stringify(from)}`);
  return { id: id!, url: from, ...(sha256 !== undefined && { sha256 }) };
}

function sourceOf(table: Table): SourceConfig {
  const kind = table.choice("kind", ["stdin", "file", "folder", "demo"]);
  if (kind === undefined) throw table.error(undefined, `"kind" is missing: "stdin", "file", "folder" or "demo"`);
  const read = { stdin: stdinOf, file: fileOf, folder: folderOf, demo: demoOf }[kind];
  const source = read(table);
  table.finish();
  return source;
}

function stdinOf(table: Table): SourceConfig {
  return { kind: "stdin", ...linesOf(table), ...windowOf(table) };
}

function fileOf(table: Table): SourceConfig {
  return {
    kind: "file",
    path: requiredPath(table),
    from: table.choice("from", ["start", "end"], "start"),
    follow: table.flag("follow", true),
    pollMs: pollOf(table),
    ...linesOf(table),
    ...windowOf(table),
  };
}

function folderOf(table: Table): FolderConfig {
  const path = requiredPath(table);
  const size = { least: 1, most: 65_535 };
  const [width, height] = [table.integer("width", size), table.integer("height", size)];
  if (width === undefined || height === undefined) {
    throw table.error(undefined, `"width" and "height" of the model's pictures are missing`);
  }
  return {
    kind: "folder",
    ...{ path, width, height },
    channels: table.choice("colour", ["grey", "rgb"], "grey") === "rgb" ? 3 : 1,
    fit: table.choice("fit", ["crop", "stretch", "pad"], "crop"),
    done: table.choice("done", ["move", "delete", "keep"], "move"),
    doneFolder: table.path("done_folder") ?? join(path, "done"),
    refusedFolder: table.path("refused_folder") ?? join(path, "refused"),
    pollMs: pollOf(table),
  };
}

function demoOf(table: Table): SourceConfig {
  const rows = table.integer("rows", { least: 1 });
  return {
    kind: "demo",
    signals: table.integer("signals", { least: 1, most: 65_536 }, 1),
    rate: table.number("rate", 100, { least: 0.001, most: 1e6 }),
    ...(rows !== undefined && { rows }),
    ...windowOf(table),
  };
}

function linesOf(table: Table): LinesConfig {
  const format = table.choice("format", ["csv", "json"], "csv");
  const delimiter = table.text("delimiter", ",");
  if (delimiter.length !== 1 || /["\r\n]/.test(delimiter)) {
    throw table.error(
      "delimiter",
      `expected one character, no quotation mark or line end, got ${JSON.stringify(delimiter)}`,
    );
  }
  const [columns, time] = [table.texts("columns"), table.text("time")];
  const timeUnit = table.choice("time_unit", ["iso", "s", "ms", "us"], "iso");
  return {
    ...{ format, delimiter, header: table.flag("header", true), timeUnit },
    ...(columns && { columns }),
    ...(time !== undefined && { time }),
  };
}

function windowOf(table: Table): WindowConfig {
  const [window, stride] = [table.integer("window", { least: 1 }), table.integer("stride", { least: 1 })];
  return { ...(window !== undefined && { window }), ...(stride !== undefined && { stride }) };
}

function requiredPath(table: Table): string {
  const path = table.path("path");
  if (path === undefined) throw table.error(undefined, `"path" is missing`);
  return path;
}

const pollOf = (table: Table): number => 1000 * table.number("poll", 1, { least: 0.01, most: 3600 });

const MOST_ITEMS = 65_536;
const MOST_PICTURES = 1024;

function frameOf(table: Table, most: number): AgentConfig["frame"] {
  const items = table.integer("items", { least: 1, most }, 16);
  const ageMs = 1000 * table.number("age", 10, { least: 0.001, most: 86_400 });
  table.finish();
  return { items, ageMs };
}

function queueOf(table: Table): AgentConfig["queue"] {
  const queue = {
    bytes: table.integer("bytes", { least: 2 ** 16, most: 2 ** 40 }, 2 ** 28),
    whenFull: table.choice("when_full", ["oldest-first", "stop"], "oldest-first"),
    fsync: table.choice("fsync", ["always", "interval", "never"], "interval"),
    fsyncMs: 1000 * table.number("fsync_interval", 1, { least: 0.01, most: 3600 }),
  };
  table.finish();
  return queue;
}

const isHttp = (url: string): boolean => /^https?:\/\/./.test(url) && URL.canParse(url);

function sendOf(table: Table): SendConfig {
  const url = table.required("url");
  const { protocol, username: user } = URL.canParse(url) ? new URL(url) : { protocol: "", username: "" };
  if (!["http:", "https:", "mqtt:", "mqtts:"].includes(protocol)) {
    throw table.error("url", `expected http://, https://, mqtt:// or mqtts:// and a host, got ${JSON.stringify(url)}`);
  }
  if (user !== "") throw table.error("url", `expected no name in it: there are "token", "username" and "password"`);
  const username = table.text("username");
  const send: SendConfig = {
    url,
    token: secretOf(table, "token"),
    ...(username !== undefined && { username }),
    password: secretOf(table, "password"),
    tls: Object.fromEntries(
      ["ca", "cert", "key"].flatMap((name) => (table.path(name) === undefined ? [] : [[name, table.path(name)]])),
    ),
    batchBytes: table.integer("batch_bytes", { least: 1, most: 2 ** 24 }, 120_000),
    patienceMs: 1000 * table.number("patience", 30, { least: 0.1, most: 3600 }),
    retry: {
      firstMs: 1000 * table.number("retry_first", 1, { least: 0.001, most: 3600 }),
      mostMs: 1000 * table.number("retry_most", 300, { least: 0.001, most: 86_400 }),
    },
  };
  table.finish();
  const isMqtt = protocol.startsWith("mqtt");
  const alone = ["username", "password", "password_file", "password_env"].find((key) => !isMqtt && table.has(key));
  if (alone !== undefined) throw table.error(alone, "is for mqtt:// and mqtts:// only; HTTP has a token");
  const plain = Object.keys(send.tls).find(() => protocol === "http:" || protocol === "mqtt:");
  if (plain !== undefined) throw table.error(plain, `is for https:// and mqtts:// only; ${url} is not encrypted`);
  return send;
}

/** `token`, `token_file` or `token_env`. */
function secretOf(table: Table, name: string): Secret {
  const [value, file, env] = [table.text(name), table.path(`${name}_file`), table.text(`${name}_env`)];
  const given = [name, `${name}_file`, `${name}_env`].filter((key) => table.has(key));
  if (given.length > 1) throw table.error(given[1], `expected one of ${given.join(" and ")}`);
  return {
    ...(value !== undefined && { value }),
    ...(file !== undefined && { file }),
    ...(env !== undefined && { env }),
  };
}
