import type { IClientOptions, IPublishPacket, MqttClient } from "mqtt";
import { createHmac, randomBytes } from "node:crypto";
import { type Answer, readAnswer } from "./answer.ts";
import type { TlsOptions } from "./tls.ts";
import { NoAnswer, reasonOf, SendError, type Transport } from "./transport.ts";

export interface MqttTransportOptions {
  readonly url: string;
  readonly device: string;
  readonly token: () => string | undefined;
  readonly username?: string;
  readonly password: () => string | undefined;
  readonly tls: TlsOptions;
}

interface Asked {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

/** What a broker says of a message that nobody has subscribed to (MQTT 5, table 2-6). */
const NO_SUBSCRIBERS = 0x10;

/** Bodies to `isthmus/v1/<device>/up`, answers from `.../ack`, told apart by correlation data. What the broker says is no answer. */
export class MqttTransport implements Transport {
  readonly target: string;
  readonly #options: MqttTransportOptions;
  readonly #topic: string;
  readonly #asked: Map<string, Asked> = new Map();
  #client: MqttClient | undefined;

  constructor(options: MqttTransportOptions) {
    this.#options = options;
    this.#topic = `isthmus/v1/${options.device}`;
    const { protocol, host } = new URL(options.url);
    this.target = `${protocol}//${host}/${this.#topic}/up`;
  }

  async send(body: Uint8Array, patienceMs: number, signal: AbortSignal): Promise<Answer> {
    let end = (): void => {};
    const given = new Promise<never>((_, reject) => {
      const stopped = (): void => reject(new SendError("stopped"));
      const timer = setTimeout(() => reject(new NoAnswer(patienceMs)), patienceMs);
      signal.addEventListener("abort", stopped);
      end = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", stopped);
      };
      if (signal.aborted) stopped();
    });
    const correlation = randomBytes(16);
    try {
      return await Promise.race([given, this.#exchange(body, correlation)]);
    } catch (error) {
      if (!this.#client?.connected) this.#drop(new SendError("the connection was lost"));
      throw error;
    } finally {
      this.#asked.delete(correlation.toString("hex"));
      end();
    }
  }

  async #exchange(body: Uint8Array, correlation: Buffer): Promise<Answer> {
    const client = await this.#connected();
    return await new Promise<Answer>((resolve, reject) => {
      this.#asked.set(correlation.toString("hex"), { resolve, reject });
      const properties = { correlationData: correlation, ...this.#signed(body) };
      client.publish(`${this.#topic}/up`, Buffer.from(body), { qos: 1, properties }, (error) => {
        if (error) reject(new SendError(`the broker refused it: ${error.message}`, { cause: error }));
      });
    });
  }

  /** What shows the service that the body is from whoever has the device's token. */
  #signed(body: Uint8Array): { readonly userProperties?: Record<string, string> } {
    const token = this.#options.token();
    if (token === undefined) return {};
    const generation = token.split(".").at(-2) ?? "0";
    return { userProperties: { generation, mac: createHmac("sha256", token).update(body).digest("base64url") } };
  }

  /** A client that is connected and hears the answers. A connection that is lost is not mended but made anew, by the next call. */
  async #connected(): Promise<MqttClient> {
    if (this.#client?.connected) return this.#client;
    this.#drop(new SendError("the connection was lost"));
    // Loaded only where there is a broker.
    const { connect } = await import("mqtt");
    const client = connect(this.#options.url, this.#clientOptions());
    this.#client = client;
    const lost = (error: Error): void => {
      if (this.#client === client) this.#drop(new SendError(reasonOf(error), { cause: error }));
    };
    client.on("message", (_, body, packet) => this.#answered(body, packet));
    client.on("packetreceive", (packet) => {
      if (packet.cmd === "puback" && packet.reasonCode === NO_SUBSCRIBERS) {
        this.#refuse(new SendError("no service listens at the broker"));
      }
    });
    client.on("disconnect", ({ reasonCode }) => lost(new Error(`the broker ended the connection (${reasonCode})`)));
    await new Promise<void>((resolve, reject) => {
      const failed = (error: Error): void => {
        reject(new SendError(reasonOf(error), { cause: error }));
        lost(error);
      };
      client.on("error", failed);
      client.on("close", () => failed(new Error("the connection was lost")));
      client.once("connect", () => {
        client.subscribe(`${this.#topic}/ack`, { qos: 1 }, (error, granted) => {
          if (!error && granted?.every(({ qos }) => qos < 128)) resolve();
          else failed(error ?? new Error(`the broker refuses ${this.#topic}/ack`));
        });
      });
    });
    return client;
  }

  #clientOptions(): IClientOptions {
    const { device, username, password, tls } = this.#options;
    const secret = password();
    return {
      ...{ protocolVersion: 5, clean: true, reconnectPeriod: 0, clientId: `isthmus-edge-${device}` },
      ...(username !== undefined && { username }),
      ...(secret !== undefined && { password: secret }),
      ...tls,
    };
  }

  #answered(body: Uint8Array, { properties }: IPublishPacket): void {
    const asked = this.#asked.get(properties?.correlationData?.toString("hex") ?? "");
    if (!asked) return;
    try {
      asked.resolve(readAnswer(body));
    } catch (error) {
      asked.reject(error as Error);
    }
  }

  #drop(why: SendError): void {
    const client = this.#client;
    this.#client = undefined;
    this.#refuse(why);
    client?.end(true);
  }

  /** There will be no answer to what was asked. */
  #refuse(why: SendError): void {
    for (const { reject } of this.#asked.values()) reject(why);
    this.#asked.clear();
  }

  async close(): Promise<void> {
    await this.#client?.endAsync().catch(() => undefined);
    this.#client = undefined;
  }
}
