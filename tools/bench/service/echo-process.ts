/** The limit of any Fastify service: reads a body of bytes and answers with as many results as the path says. */
import type { AddressInfo } from "node:net";
import Fastify from "fastify";

const RESULT = { device: "bench-ingest-1-64-0", sequence: 1000, status: "stored" };
const answers = (count: number) => ({ results: Array.from({ length: count }, () => RESULT) });

const app = Fastify();
app.addContentTypeParser("*", { parseAs: "buffer" }, (_, body, done) => done(null, body));
app.post<{ Params: { results: string } }>("/:results", ({ params }) => answers(Number(params.results)));
await app.listen({ host: "127.0.0.1", port: 0 });
process.stdout.write(`listening on ${(app.server.address() as AddressInfo).port}\n`);
