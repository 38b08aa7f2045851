import { isDeviceId } from "@isthmus/codec";
import type { IPublishPacket } from "mqtt";

/** One instance of all that share the subscription gets each message. */
export const UP_SUBSCRIPTION = "$share/isthmus/isthmus/v1/+/up";

/** A body that a device sent, with what it says about who it is. */
export interface UpMessage {
  /** By the topic, to which the broker let it publish. */
  readonly device: string;
  readonly body: Uint8Array;
  readonly claim: { readonly generation: number; readonly mac: string } | undefined;
  /** Repeated in the answer. */
  readonly correlationData: Buffer | undefined;
}

export const ackTopic = ({ device }: UpMessage): string => `isthmus/v1/${device}/ack`;

/** Undefined for a topic without a device that there can be. */
export function upMessageOf({ topic, payload, properties }: IPublishPacket): UpMessage | undefined {
  const device = /^isthmus\/v1\/([^/]+)\/up$/.exec(topic)?.[1];
  if (device === undefined || !isDeviceId(device)) return undefined;
  return {
    device,
    body: typeof payload === "string" ? Buffer.from(payload) : payload,
    claim: claimOf(properties?.userProperties ?? {}),
    correlationData: properties?.correlationData,
  };
}

/** A property that comes twice is an array, and no claim. */
function claimOf({ generation, mac }: Readonly<Record<string, unknown>>): UpMessage["claim"] {
  if (typeof generation !== "string" || typeof mac !== "string" || !/^\d{1,15}$/.test(generation)) return undefined;
  return { generation: Number(generation), mac };
}
