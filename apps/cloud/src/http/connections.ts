import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** So long nothing has come from a client that was told that no more answers will. */
const QUIET_MS = 5000;

/**
 * Ends connections so that their answers arrive. Where a socket is closed while bytes lie unread in it, as those of a body that was refused, the system resets the connection and throws away what it
 * holds of the answers and has not sent yet. So it is half closed, and what still comes is read and dropped until the client ends too (RFC 9112, section 9.6).
 */
export class Connections {
  private readonly mostMs: number;
  /** Of each connection the answers that are begun and not yet written. */
  private readonly answers = new Map<Socket, Set<ServerResponse>>();
  private readonly ending = new WeakSet<Socket>();
  private areLast = false;

  /** @param mostMs so long a connection is read at most after its last answer, 5 s when nothing comes */
  constructor(server: Server, mostMs: number) {
    this.mostMs = mostMs;
    server.on("connection", (socket: Socket) => {
      this.answers.set(socket, new Set());
      socket.once("close", () => this.answers.delete(socket));
      // Node calls it behind the last answer.
      socket.destroySoon = () => this.end(socket);
    });
    // Else a client that says that it will ask no more is answered no more.
    Object.assign(server, { httpAllowHalfOpen: true });
    // Node calls it when the server closes. Its own destroys connections whose answers are not all written.
    server.closeIdleConnections = () => this.endAll();
    for (const event of ["request", "checkExpectation"]) {
      server.prependListener(event, (_: IncomingMessage, response: ServerResponse) => this.begun(response));
    }
  }

  /** Answers what cannot be read as a request, behind the answers to requests before it, and ends. */
  refuse(socket: Socket, answer: string): void {
    drop(socket);
    const due = this.due(socket);
    let left = due.length;
    const refused = (): void => {
      if (socket.writable) socket.end(answer);
      this.end(socket);
    };
    if (left === 0) return refused();
    for (const response of due) response.once("close", () => --left === 0 && refused());
  }

  /** Ends a connection behind what was written to it. */
  end(socket: Socket): void {
    if (this.ending.has(socket)) return;
    this.ending.add(socket);
    drop(socket);
    socket.end();
    if (socket.writableFinished) this.limit(socket);
    else socket.once("finish", () => this.limit(socket));
  }

  /** Ends every connection behind the answers that are begun. */
  private endAll(): void {
    this.areLast = true;
    for (const socket of this.answers.keys()) this.endIfLast(socket);
  }

  private endIfLast(socket: Socket): void {
    if (this.areLast && this.answers.get(socket)?.size === 0) this.end(socket);
  }

  private begun(response: ServerResponse): void {
    const { socket } = response.req;
    this.answers.get(socket)?.add(response);
    response.once("close", () => {
      this.answers.get(socket)?.delete(response);
      this.endIfLast(socket);
    });
  }

  /** A request of which no more can be read has its answer in the refusal, unless it has another already. */
  private due(socket: Socket): ServerResponse[] {
    const answers = [...(this.answers.get(socket) ?? [])];
    return answers.filter(({ req, writableEnded }) => req.complete || writableEnded);
  }

  private limit(socket: Socket): void {
    socket.setTimeout(QUIET_MS, () => socket.destroy());
    const late = setTimeout(() => socket.destroy(), this.mostMs);
    socket.once("close", () => clearTimeout(late));
  }
}

/** Reads on, past Node's parser, which lets go of a socket that has another listener. */
function drop(socket: Socket): void {
  socket.removeAllListeners("data");
  socket.on("data", () => undefined).resume();
  // Node stops to read before a body that nobody takes, behind the back of the stream, which believes that a read is on its way and asks
  // for no other. An empty chunk ends that one.
  socket.push("");
}
