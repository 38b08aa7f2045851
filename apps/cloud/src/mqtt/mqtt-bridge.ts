import type { IClientOptions, IPublishPacket, MqttClient } from "mqtt";
import { setTimeout as sleep } from "node:timers/promises";
import type { Tokens } from "../auth/tokens.ts";
import type { Ingest } from "../ingest/ingest.ts";
import type { Broker } from "./broker.ts";
import { type Answer, MessageIngest } from "./message-ingest.ts";
import type { MqttMetrics } from "./mqtt-metrics.ts";
import { Slots } from "./slots.ts";
import { ackTopic, UP_SUBSCRIPTION, type UpMessage, upMessageOf } from "./up-message.ts";

interface Log {
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}

export interface MqttBridgeOptions {
  readonly broker: Broker;
  /** The same after a restart, another for each instance. */
  readonly clientId: string;
  readonly ingest: Pick<Ingest, "accept">;
  /** Without them every device that the broker lets in is believed. */
  readonly tokens?: Pick<Tokens, "issue" | "least">;
  readonly metrics: MqttMetrics;
  readonly log: Log;
  /** Of a message's body; default 120,000. */
  readonly maxBytes?: number;
  /** Messages that the broker may deliver before the first of them is acknowledged; default 64. */
  readonly inFlight?: number;
  /** Seconds for which the broker keeps messages for an instance that is gone; default 300. */
  readonly sessionExpiry?: number;
  /** Milliseconds until the first and, doubling, at most until the next attempt to reach the broker; default 1000 and 60,000. */
  readonly backoff?: { readonly first: number; readonly most: number };
}

/** MQTT's default of what a broker takes unacknowledged, where it names no other. */
const RECEIVE_MAXIMUM = 65_535;
/** Larger messages are not delivered by the broker, and not answered. */
const LEAST_PACKET_BYTES = 2 ** 20;
const SESSION_TAKEN_OVER = 142;

/** Said to mqtt.js instead of "done": it goes on to the next packet and sends no PUBACK, which is ours to send. */
const LATER = new Error("acknowledged later");

/**
 * Takes part in the service's shared subscription at a broker. A message is acknowledged to the broker when its frames are stored and the broker has the answer;
 * until then it is the broker's, and delivered again after whatever happened. Of these messages there are so many at most, which holds the broker back.
 */
export class MqttBridge {
  private readonly options: MqttBridgeOptions;
  private readonly client: MqttClient;
  private readonly messages: MessageIngest;
  private readonly mostInFlight: number;
  private readonly backoff: { readonly first: number; readonly most: number };
  private readonly inFlight = new Set<Promise<void>>();
  /** For answers that the broker has not acknowledged. */
  private readonly slots: Slots;
  /** Called when the connection is lost. */
  private readonly onLost = new Set<() => void>();
  private isSubscribed = false;
  private isClosing = false;
  private nextPause: number;
  /** Until it has been subscribed for so long that the last trouble is forgotten. */
  private calm: NodeJS.Timeout | undefined;

  private constructor(options: MqttBridgeOptions, connect: (options: IClientOptions) => MqttClient) {
    const { ingest, tokens, maxBytes = 120_000, inFlight = 64, backoff = { first: 1000, most: 60_000 } } = options;
    this.options = options;
    this.mostInFlight = inFlight;
    this.slots = new Slots(inFlight);
    this.backoff = backoff;
    this.nextPause = backoff.first;
    this.messages = new MessageIngest({
      ...{ ingest, maxBytes, ...(tokens !== undefined && { tokens }) },
      onBug: (error) => options.log.error({ err: error }, "a message from a device met a bug"),
    });
    this.client = connect({
      ...options.broker.options,
      ...{ protocolVersion: 5, clientId: options.clientId, clean: false, keepalive: 30, connectTimeout: 10_000 },
      ...{ resubscribe: false, reconnectOnConnackError: true, reconnectPeriod: backoff.first },
      properties: {
        sessionExpiryInterval: options.sessionExpiry ?? 300,
        receiveMaximum: inFlight,
        maximumPacketSize: Math.max(LEAST_PACKET_BYTES, 2 * maxBytes),
      },
    });
    this.listen();
  }

  /** Begins to connect, and goes on trying until `close`. */
  static async start(options: MqttBridgeOptions): Promise<MqttBridge> {
    const { connect } = await import("mqtt");
    return new MqttBridge(options, connect);
  }

  /** Whether messages can arrive now. */
  get connected(): boolean {
    return this.isSubscribed;
  }

  private listen(): void {
    const { client } = this;
    const { log, broker } = this.options;
    client.handleMessage = (packet, done) => this.arrived(packet, done);
    client.on("connect", ({ properties }) => {
      this.slots.limit = Math.min(this.mostInFlight, properties?.receiveMaximum ?? RECEIVE_MAXIMUM);
      if (!this.isClosing) this.subscribe();
    });
    client.on("disconnect", ({ reasonCode }) => {
      if (reasonCode !== SESSION_TAKEN_OVER) return;
      log.error(
        { clientId: this.options.clientId },
        "another client has the same client id: give each instance its own",
      );
    });
    client.on("error", (error) => log.warn({ broker: broker.name, reason: error.message }, "trouble with the broker"));
    client.on("close", () => this.lost());
  }

  private subscribe(): void {
    const { log, broker } = this.options;
    this.client.subscribe(UP_SUBSCRIPTION, { qos: 1 }, (error) => {
      if (error) {
        log.warn({ broker: broker.name, reason: error.message }, "could not subscribe at the broker");
        this.client.stream.destroy();
        return;
      }
      this.setSubscribed(true);
      this.calm = setTimeout(() => this.pauseNext(this.backoff.first), this.backoff.most).unref();
      log.info({ broker: broker.name }, "subscribed at the broker");
    });
  }

  private lost(): void {
    clearTimeout(this.calm);
    this.setSubscribed(false);
    this.slots.sendAway();
    for (const tell of this.onLost) tell();
    // mqtt.js has set its timer already: this is for the time after that.
    this.pauseNext(Math.min(2 * this.nextPause, this.backoff.most));
  }

  private pauseNext(milliseconds: number): void {
    this.nextPause = milliseconds;
    this.client.options.reconnectPeriod = milliseconds * (0.5 + Math.random() / 2);
  }

  private setSubscribed(isSubscribed: boolean): void {
    this.isSubscribed = isSubscribed;
    this.options.metrics.connected(isSubscribed);
  }

  private arrived(packet: IPublishPacket, done: (error?: Error) => void): void {
    const { metrics } = this.options;
    const { stream } = this.client;
    const acknowledge = (): void => {
      if (packet.qos === 1 && this.client.connected && this.client.stream === stream) stream.write(puback(packet));
    };
    done(packet.qos === 1 ? LATER : undefined);
    metrics.received(packet.payload.length);
    // The broker holds back what asks for an acknowledgement only.
    if (packet.qos === 0 && this.inFlight.size >= this.mostInFlight) {
      metrics.refused("overloaded");
      return;
    }
    const work = this.workOn(packet)
      .then(acknowledge)
      .finally(() => {
        this.inFlight.delete(work);
        metrics.inFlight(this.inFlight.size);
      });
    this.inFlight.add(work);
    metrics.inFlight(this.inFlight.size);
  }

  private async workOn(packet: IPublishPacket): Promise<void> {
    const { metrics } = this.options;
    const message = upMessageOf(packet);
    if (message === undefined) {
      metrics.refused("malformed");
      return;
    }
    const answer = await this.messages.answer(message);
    if (answer.refused !== undefined) metrics.refused(answer.refused);
    metrics.answered((await this.say(message, answer)) ? "sent" : "lost");
  }

  /** Resolves to whether the broker has the answer. */
  private async say(message: UpMessage, { body, contentType }: Answer): Promise<boolean> {
    const { client, slots } = this;
    if (!(await slots.take())) return false;
    if (!client.connected || client.disconnecting) {
      slots.give();
      return false;
    }
    const { correlationData } = message;
    const properties = { contentType, ...(correlationData !== undefined && { correlationData }) };
    return await new Promise<boolean>((resolve) => {
      client.publish(ackTopic(message), body, { qos: 1, properties }, (error) => {
        this.onLost.delete(forget);
        slots.give();
        if (error && client.connected) {
          this.options.log.warn({ device: message.device, reason: error.message }, "the broker refuses an answer");
        }
        resolve(!error);
      });
      // The broker delivers the message again, which is then answered anew.
      const id = client.getLastMessageId();
      const forget = (): void => void client.removeOutgoingMessage(id);
      this.onLost.add(forget);
    });
  }

  /**
   * Takes no new messages, ends those that the broker gave us, and leaves. What is not ended within `patience` milliseconds stays with the broker, for whoever comes
   * next by our name.
   */
  async close(patience = 10_000): Promise<void> {
    this.isClosing = true;
    const end = new AbortController();
    const late = sleep(patience, undefined, { signal: end.signal }).catch(() => undefined);
    await Promise.race([this.leave(), late]);
    end.abort();
    if (this.client.disconnecting) this.client.stream.destroy();
    else await this.client.endAsync(true);
    this.setSubscribed(false);
  }

  private async leave(): Promise<void> {
    const { client } = this;
    if (client.connected) await client.unsubscribeAsync(UP_SUBSCRIPTION).catch(() => undefined);
    do {
      await Promise.all(this.inFlight);
      // With an acknowledgement the broker sends what it held back, before it answers this.
      await this.echo();
    } while (this.inFlight.size > 0);
    // Nothing is left for us: the broker may forget us.
    await client.endAsync(!client.connected, { properties: { sessionExpiryInterval: 0 } });
  }

  private echo(): Promise<void> {
    const { client } = this;
    if (!client.connected) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        this.onLost.delete(end);
        client.off("packetreceive", heard);
        resolve();
      };
      const heard = ({ cmd }: { readonly cmd: string }): void => {
        if (cmd === "pingresp") end();
      };
      this.onLost.add(end);
      client.on("packetreceive", heard);
      client.sendPing();
    });
  }
}

/** MQTT 5, success. */
function puback({ messageId }: IPublishPacket): Buffer {
  return Buffer.of(0x40, 2, messageId! >> 8, messageId! & 0xff);
}
