import { Counter, Gauge, type Registry } from "prom-client";
import type { ProblemKind } from "../problems.ts";

/** `sent`: the broker has it. `lost`: the connection was gone, or the broker would not have it; the device sends again. */
export type AnswerOutcome = "sent" | "lost";

/** What happens at the broker's side, for `/metrics`. What becomes of parcels is counted where they are stored. */
export class MqttMetrics {
  private readonly messages: Counter;
  private readonly bytes: Counter;
  private readonly refusals: Counter<"reason">;
  private readonly answers: Counter<"outcome">;
  private readonly isConnected: Gauge;
  private readonly underWay: Gauge;

  constructor(registry: Registry) {
    const registers = [registry];
    const counter = (name: string, help: string) => new Counter({ name: `isthmus_mqtt_${name}`, help, registers });
    this.messages = counter("messages_total", "Messages that the broker delivered");
    this.bytes = counter("message_bytes_total", "Bytes of their bodies");
    this.refusals = new Counter({
      ...{ name: "isthmus_mqtt_refused_total", help: "Messages of which nothing was read, by reason" },
      ...{ labelNames: ["reason"], registers },
    });
    this.answers = new Counter({
      ...{ name: "isthmus_mqtt_answers_total", help: "Answers to devices, by what became of them" },
      ...{ labelNames: ["outcome"], registers },
    });
    const gauge = (name: string, help: string) => new Gauge({ name: `isthmus_mqtt_${name}`, help, registers });
    this.isConnected = gauge("connected", "1 while subscribed at the broker");
    this.underWay = gauge("in_flight", "Messages that are being worked on");
  }

  received(bytes: number): void {
    this.messages.inc();
    this.bytes.inc(bytes);
  }

  /** `malformed`: of a topic without a device; nobody can be answered. */
  refused(reason: ProblemKind | "malformed"): void {
    this.refusals.inc({ reason });
  }

  answered(outcome: AnswerOutcome): void {
    this.answers.inc({ outcome });
  }

  connected(isConnected: boolean): void {
    this.isConnected.set(isConnected ? 1 : 0);
  }

  inFlight(count: number): void {
    this.underWay.set(count);
  }
}
