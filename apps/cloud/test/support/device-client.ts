import mqtt, { type IClientOptions, type IPublishPacket, type MqttClient } from "mqtt";
import { createHmac, randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Result } from "../../src/ingest/result.ts";
import type { ProblemDocument } from "../../src/problems.ts";

export interface HeardAnswer {
  readonly contentType: string | undefined;
  readonly document: { readonly results?: readonly Result[] } & Partial<ProblemDocument>;
}

export interface SendOptions {
  readonly token?: string;
  readonly userProperties?: Record<string, string | string[]>;
  readonly topic?: string;
  readonly qos?: 0 | 1;
}

/** A device as it speaks MQTT, by the protocol's letter; it does not send again by itself. */
export class DeviceClient {
  readonly device: string;
  readonly client: MqttClient;
  private readonly asked = new Map<string, (answer: HeardAnswer) => void>();

  private constructor(device: string, client: MqttClient) {
    this.device = device;
    this.client = client;
    client.on("message", (_, body, packet) => this.heard(body, packet));
    client.on("error", () => {});
  }

  static async connect(url: string, device: string, options: IClientOptions = {}): Promise<DeviceClient> {
    const settings = { protocolVersion: 5, clean: true, reconnectPeriod: 50, clientId: `device-${device}` } as const;
    const client = await mqtt.connectAsync(url, { ...settings, ...options });
    await client.subscribeAsync(`isthmus/v1/${device}/ack`, { qos: 1 });
    return new DeviceClient(device, client);
  }

  /** Resolves when the service has answered. */
  async send(body: Uint8Array, options: SendOptions = {}): Promise<HeardAnswer> {
    const correlationData = randomBytes(8);
    const answer = new Promise<HeardAnswer>((resolve) => this.asked.set(correlationData.toString("hex"), resolve));
    const { token, topic = `isthmus/v1/${this.device}/up`, qos = 1 } = options;
    const userProperties = options.userProperties ?? (token === undefined ? undefined : signature(token, body));
    // mqtt.js writes an empty record of them wrongly.
    const properties = { correlationData, ...(userProperties && { userProperties }) };
    await this.client.publishAsync(topic, Buffer.from(body), { qos, properties });
    return await answer;
  }

  private heard(body: Buffer, { properties }: IPublishPacket): void {
    const key = properties?.correlationData?.toString("hex") ?? "";
    const answer = {
      contentType: properties?.contentType,
      document: JSON.parse(String(body)) as HeardAnswer["document"],
    };
    this.asked.get(key)?.(answer);
    this.asked.delete(key);
  }

  async close(): Promise<void> {
    await this.client.endAsync(true);
  }
}

/** What shows that whoever has the token sent the body. */
export function signature(token: string, body: Uint8Array): { generation: string; mac: string } {
  return {
    generation: token.split(".").at(-2)!,
    mac: createHmac("sha256", token).update(body).digest("base64url"),
  };
}

export const statuses = ({ document }: HeardAnswer): string[] | undefined =>
  document.results?.map(({ status }) => status);

/** As an agent does: where no answer comes, or none that is success, the same bytes are sent again. */
export async function untilAnswered(from: DeviceClient, body: Uint8Array, options: SendOptions = {}): Promise<void> {
  for (;;) {
    const answered = new AbortController();
    const patience = sleep(1000, undefined, { signal: answered.signal }).catch(() => undefined);
    const answer = await Promise.race([from.send(body, options), patience]);
    answered.abort();
    if (answer !== undefined && statuses(answer)?.every((status) => status !== "refused")) return;
  }
}
