export const ROLES = ["device", "reader", "operator"] as const;
export type Role = (typeof ROLES)[number];

/** Who asks: a device sends its own frames, a reader looks and decodes, an operator may do everything. */
export interface Holder {
  readonly role: Role;
  /** A device's id, or a person's name. */
  readonly name: string;
}

/** As stores know a holder by: `device.pump-7`. */
export function holderKey({ role, name }: Holder): string {
  return `${role}.${name}`;
}
