import { UsageError } from "@isthmus/command-line/node";
import { type Command, Option } from "commander";
import { wholeNumber } from "../commands/context.ts";
import { isLoopback } from "../loopback.ts";
import type { Service } from "../service.ts";
import { brokerOf, clientIdOf } from "./broker.ts";
import { MqttBridge } from "./mqtt-bridge.ts";
import { MqttMetrics } from "./mqtt-metrics.ts";

/** What the command line says of a broker. */
export interface MqttOptions {
  readonly mqtt?: string;
  readonly mqttCa?: string;
  readonly mqttCert?: string;
  readonly mqttKey?: string;
  readonly mqttClientId?: string;
  readonly mqttMaxBody: number;
  readonly mqttInFlight: number;
}

export function withMqttOptions(command: Command): Command {
  const url = new Option("--mqtt <url>", "mqtt[s]://[user[:password]@]host[:port]: take frames from this broker, too");
  return command
    .addOption(url.env("ISTHMUS_MQTT"))
    .option("--mqtt-ca <file>", "what the broker's certificate is checked by (PEM; default: the system's authorities)")
    .option("--mqtt-cert <file>", "the service's certificate for the broker (PEM)")
    .option("--mqtt-key <file>", "and its key (PEM)")
    .option("--mqtt-client-id <name>", "another for each instance (default: made of host and data folder)")
    .option("--mqtt-max-body <bytes>", "largest body of a message", wholeNumber(64, 2 ** 27), 120_000)
    .option("--mqtt-in-flight <n>", "messages that the broker gives us at once", wholeNumber(1, 65_535), 64);
}

type Parts = Pick<Service, "ingest" | "tokens" | "metrics" | "log">;

/**
 * Puts a broker in front of a service, where the command line names one.
 *
 * @throws UsageError
 */
export async function startMqtt(
  options: MqttOptions & { readonly data: string },
  service: Parts,
): Promise<MqttBridge | undefined> {
  const { mqtt, mqttCa: ca, mqttCert: cert, mqttKey: key, data, mqttClientId = clientIdOf(data) } = options;
  const files = {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  };
  if (mqtt === undefined) {
    const [file] = Object.keys(files);
    if (file !== undefined) throw new UsageError(`--mqtt-${file} is for --mqtt, which is missing`);
    return undefined;
  }
  const broker = brokerOf(mqtt, files);
  const { ingest, tokens, metrics, log } = service;
  // Without tokens a device is whoever the broker lets in.
  if (tokens === undefined && !isLoopback(broker.options.host!)) {
    throw new UsageError(`--open is for a broker on a loopback address only, not for ${broker.name}`);
  }
  return await MqttBridge.start({
    ...{ broker, clientId: mqttClientId, ingest, log },
    ...(tokens !== undefined && { tokens }),
    ...{ metrics: new MqttMetrics(metrics.registry), maxBytes: options.mqttMaxBody, inFlight: options.mqttInFlight },
  });
}
