import type { AgentConfig } from "../config/config.ts";
import { HttpTransport } from "./http-transport.ts";
import { MqttTransport } from "./mqtt-transport.ts";
import { readSecret } from "./secrets.ts";
import { readTls } from "./tls.ts";
import type { Transport } from "./transport.ts";

/** @throws UsageError files or variables that are not there */
export function openTransport({ device, send }: AgentConfig): Transport {
  const { url, username } = send;
  const [token, password] = [send.token, send.password].map((secret) => () => readSecret(secret)) as [Reader, Reader];
  const tls = readTls(send.tls);
  token();
  password();
  if (/^https?:/.test(url)) return new HttpTransport({ url, token, tls });
  return new MqttTransport({ url, device, token, password, tls, ...(username !== undefined && { username }) });
}

type Reader = () => string | undefined;
