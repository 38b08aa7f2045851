import { createHmac } from "node:crypto";

/** A token as `docs/protocol.md` says, of the service whose secret file holds `secret`. */
export function tokenOf(secret: string, role: "device" | "reader" | "operator", name: string): string {
  const subject = `${role}.${name}.0`;
  return `${subject}.${createHmac("sha256", secret).update(`isthmus ${subject}`).digest("base64url")}`;
}
