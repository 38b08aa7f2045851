import mqtt, { type MqttClient } from "mqtt";
import { createHmac } from "node:crypto";
import { afterEach } from "vitest";
import type { Service } from "./service.ts";

/** How a message is taken: as usual, not at all, stored but not answered, or answered twice, with a wrong correlation first. */
export type Taking = "usual" | "ignore" | "no answer" | "twice";

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
      const { generation, mac } = (properties?.userProperties ?? {}) as Record<string, string>;
      const isRight = token === undefined || mac === createHmac("sha256", token).update(body).digest("base64url");
      if (isRight && generation !== undefined) one.signed.push(Number(generation));
      const answer = isRight
        ? { results: service.accept(body) }
        : { type: "urn:isthmus:problem:unauthorised", status: 401, detail: "the mac is wrong" };
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

  async stop(): Promise<void> {
    await this.#client.endAsync(true);
  }
}

const clients: MqttClient[] = [];

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.endAsync(true)));
});
