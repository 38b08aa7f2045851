import mqtt, { type MqttClient } from "mqtt";
import { createHmac } from "node:crypto";
import { afterEach } from "vitest";
import type { Service } from "./service.ts";

/** How a message is taken: as usual, not at all, stored but not answered, answered twice and with a wrong correlation first, or asked to come in an hour. */
export type Taking = "usual" | "ignore" | "no answer" | "twice" | "later";

/** The same service behind a broker: its answers as docs/protocol.md has them. */
export class MqttService {
  /** Bodies that came with a mac that is right under the token; others are refused. */
  readonly signed: number[] = [];
  taking: (message: number) => Taking = () => "usual";
  messages = 0;
  readonly #client: MqttClient;

  private constructor(client: MqttClient) {
    this.#client = client;
  }

  static async start(url: string, service: Service, token?: string, options: object = {}): Promise<MqttService> {
    const client = await mqtt.connectAsync(url, { protocolVersion: 5, reconnectPeriod: 50, ...options });
    const one = new MqttService(client);
    clients.push(client);
    client.on("message", (topic, body, { properties }) => {
      const taking = one.taking(one.messages++);
      if (taking === "ignore") return;
      const answer = taking === "later" ? LATER : one.#answer(service, body, token, properties?.userProperties);
      if (taking === "no answer") return;
      const reply = (correlationData: Buffer): void =>
        void client.publish(topic.replace(/up$/, "ack"), JSON.stringify(answer), {
          qos: 1,
          properties: { correlationData },
        });
      if (taking === "twice") reply(Buffer.from("another"));
      reply(properties!.correlationData!);
      if (taking === "twice") reply(properties!.correlationData!);
    });
    await client.subscribeAsync("$share/isthmus/isthmus/v1/+/up", { qos: 1 });
    return one;
  }

  #answer(service: Service, body: Uint8Array, token: string | undefined, properties: unknown): object {
    const { generation, mac } = (properties ?? {}) as Record<string, string>;
    if (token !== undefined && mac !== createHmac("sha256", token).update(body).digest("base64url")) {
      return { type: "urn:isthmus:problem:unauthorised", status: 401, detail: "the mac is wrong" };
    }
    if (generation !== undefined) this.signed.push(Number(generation));
    return { results: service.accept(body) };
  }

  async stop(): Promise<void> {
    await this.#client.endAsync(true);
  }
}

const LATER = { type: "urn:isthmus:problem:overloaded", status: 429, detail: "overloaded", retryAfter: 3600 };
const clients: MqttClient[] = [];

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.endAsync(true)));
});
