import { IsthmusError } from "@isthmus/math";

/** The version that all of this was written and tested with; the project has promised no stability between releases. */
export const VERSION = "4.22.0";

/**
 * @param caller who asks, for the message
 * @param name the module's short name, such as `tfjs-core`
 * @param advice what to do about it
 * @throws IsthmusError `TFJS_VERSION` unless `version` is the one
 */
export function requireVersion(caller: string, name: string, version: unknown, advice: string): void {
  if (version === VERSION) return;
  const got = typeof version === "string" ? version : "something else";
  throw new IsthmusError("TFJS_VERSION", `${caller} expected ${name} ${VERSION}, got ${got}; ${advice}`, {
    expected: VERSION,
    got: version,
  });
}
