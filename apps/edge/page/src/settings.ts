import { isDeviceId } from "@isthmus/codec";

/** How this browser reaches a service. */
export interface Settings {
  /** Without a slash at its end; nothing where none is set. */
  readonly service: string;
  readonly device: string;
  readonly deviceToken: string;
  readonly readerToken: string;
}

const KEY = "isthmus-settings";

/** What was saved, or a name of this browser's own and no service. */
export function loadSettings(): Settings {
  const saved = parsed(localStorage.getItem(KEY));
  const text = (key: keyof Settings) => (typeof saved[key] === "string" ? saved[key] : "");
  const settings = {
    service: text("service"),
    device: isDeviceId(text("device")) ? text("device") : ownName(),
    deviceToken: text("deviceToken"),
    readerToken: text("readerToken"),
  };
  if (settings.device !== saved["device"]) saveSettings(settings);
  return settings;
}

export function saveSettings(settings: Settings): void {
  localStorage.setItem(KEY, JSON.stringify(settings));
}

function parsed(text: string | null): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text ?? "{}");
    return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  } catch {
    return {};
  }
}

function ownName(): string {
  return `page-${crypto.randomUUID().slice(0, 8)}`;
}

/** What is wrong with an address, for people; nothing where it can be used. */
export function addressProblem(address: string): string | undefined {
  if (address === "") return undefined;
  if (!URL.canParse(address)) return "This is no address. It begins with https:// or http://.";
  const { protocol } = new URL(address);
  if (protocol !== "https:" && protocol !== "http:") return "The address begins with https:// or http://.";
  if (protocol === "http:" && !isReachable(new URL(address)))
    return "By http: only a service on this computer, or the one that this page came from, can be reached.";
  return undefined;
}

/** The page's Content-Security-Policy lets it talk to no others. */
function isReachable({ hostname, origin }: URL): boolean {
  return hostname === "localhost" || hostname === "127.0.0.1" || origin === location.origin;
}

/** Tokens are `<role>.<name>.<generation>.<mac>`; a name may have dots. */
const TOKEN = /^(device|reader|operator)\.(.+)\.\d+\.[A-Za-z0-9_-]+$/;

/** What is wrong with a token, for people. */
export function tokenProblem(token: string): string | undefined {
  return token === "" || TOKEN.test(token) ? undefined : "This is no token: it looks like device.name.0.…";
}

/** The device that a token is of; others' tokens name none. */
export function tokenDevice(token: string): string | undefined {
  const [, role, name] = TOKEN.exec(token) ?? [];
  return role === "device" ? name : undefined;
}
