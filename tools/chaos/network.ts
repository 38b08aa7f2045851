import type { Draws } from "./draws.ts";
import { Harm } from "./harm.ts";
import { HttpRelay } from "./net/http-relay.ts";
import type { LineFaults } from "./net/line.ts";
import { mqttHarm } from "./net/mqtt-harm.ts";
import { TcpProxy } from "./net/tcp-proxy.ts";

/** What devices reach the service or the broker by. */
const FIELD: LineFaults = { cut: 0.01, delay: 30, slow: { share: 0.1, bytesPerSecond: 20_000 } };
/** What stands between services, broker and database. */
const HALL: LineFaults = { cut: 0.0005, delay: 3, slow: { share: 0, bytesPerSecond: 0 } };
/** Of parcels in flight are damaged, and of bodies doubled. */
const HARMED = 0.01;

export interface Targets {
  /** Ports of services that run. */
  readonly services: () => readonly number[];
  readonly broker: () => number;
  /** Where there is one. */
  readonly database?: () => number;
}

/** Devices to the service and to the broker, services to the broker and to the database. */
type Lines<T> = Readonly<Record<"http" | "mqtt" | "bridge" | "database", T>>;

/** All connections of a run: who is asked for by a port gets what stands behind it, when the network lets them. */
export class Network {
  readonly harm: Harm;
  readonly #relay: HttpRelay;
  readonly #proxies: Lines<TcpProxy>;

  static async open({ services, broker, database }: Targets, draws: Draws): Promise<Network> {
    const harm = new Harm(HARMED, draws.of("harm"));
    let turn = 0;
    const anyService = (): number | undefined => services()[turn++ % Math.max(1, services().length)];
    const relay = await HttpRelay.start({ target: anyService, harm });
    const proxy = (name: string, target: () => number | undefined, faults: LineFaults, harmed?: Harm) =>
      TcpProxy.start({
        ...{ target, faults, draws: draws.of(name) },
        ...(harmed && { rewrite: () => mqttHarm(harmed) }),
      });
    return new Network(harm, relay, {
      http: await proxy("http", () => relay.port, FIELD),
      mqtt: await proxy("mqtt", broker, FIELD, harm),
      bridge: await proxy("bridge", broker, HALL),
      database: await proxy("database", database ?? (() => undefined), HALL),
    });
  }

  private constructor(harm: Harm, relay: HttpRelay, proxies: Lines<TcpProxy>) {
    this.harm = harm;
    this.#relay = relay;
    this.#proxies = proxies;
  }

  /** Where devices find the service and the broker, and services the broker and the database. */
  get ports(): Lines<number> {
    const { http, mqtt, bridge, database } = this.#proxies;
    return { http: http.port, mqtt: mqtt.port, bridge: bridge.port, database: database.port };
  }

  /** Connections that were cut so far. */
  get cuts(): number {
    return Object.values(this.#proxies).reduce((sum, { cuts }) => sum + cuts, 0);
  }

  /** Cuts every connection there is. */
  cutAll(): void {
    for (const proxy of Object.values(this.#proxies)) proxy.cutAll();
  }

  async close(): Promise<void> {
    await Promise.all(Object.values(this.#proxies).map((proxy) => proxy.close()));
    await this.#relay.close();
  }
}
