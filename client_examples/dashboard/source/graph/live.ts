/**
 * The one socket that everything live comes through.
 *
 * graphql-ws opens it with the first subscription, and after a lost connection opens it again and sends every
 * subscription anew. What makes that miss nothing is `follow`: its variables are read at each sending, so that the
 * server is asked for what follows the last thing that was seen.
 */

import { type Client as Socket, createClient } from "graphql-ws";
import { stringifyDocument, type TypedDocumentNode } from "@urql/core";
import { type Problem, problemOfErrors } from "./problems";

export type Connection = "connecting" | "live" | "lost";

const FORBIDDEN = 4403;
const FIRST_WAIT = 300;
const LONGEST_WAIT = 3_000;
const PING_EVERY = 10_000;
const PONG_WITHIN = 5_000;
const ASK_AGAIN_AFTER = 3_000;

export type Live = {
  /** Hears of every event of a subscription, in order, until the returned function is called. */
  follow<Data, Variables>(
    document: TypedDocumentNode<Data, Variables>,
    variables: () => Variables,
    hear: (data: Data) => void,
  ): () => void;
  /** Hears how the connection is: at once, and whenever that changes. */
  watch(hear: (connection: Connection) => void): () => void;
  close(): void;
};

/** `refused` is called when the key does not count, or no longer. */
export function openLive(key: string, refused: (problem: Problem) => void): Live {
  const watchers = new Set<(connection: Connection) => void>();
  let connection: Connection = "connecting";
  let isClosed = false;
  const become = (next: Connection) => {
    if (next === connection || isClosed) return;
    connection = next;
    for (const hear of watchers) hear(connection);
  };
  const refuse = (problem: Problem) => {
    if (!isClosed) refused(problem);
  };
  const socket = openSocket(key, become, refuse);

  return {
    follow: (document, variables, hear) => followed(socket, document, variables, hear, refuse),
    watch(hear) {
      watchers.add(hear);
      hear(connection);
      return () => watchers.delete(hear);
    },
    close() {
      isClosed = true;
      void socket.dispose();
    },
  };
}

function openSocket(key: string, become: (connection: Connection) => void, refuse: (problem: Problem) => void): Socket {
  let pongIsLate: ReturnType<typeof setTimeout> | undefined;
  let current: WebSocket | undefined;
  return createClient({
    url: `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/graphql`,
    // Browsers cannot set headers on a socket: the key goes into its first message.
    connectionParams: { authorization: `Bearer ${key}` },
    retryAttempts: Number.POSITIVE_INFINITY,
    shouldRetry: (problem) => !(isClosing(problem) && problem.code === FORBIDDEN),
    retryWait: (tries) => waited(Math.min(FIRST_WAIT * 2 ** tries, LONGEST_WAIT)),
    keepAlive: PING_EVERY,
    on: {
      opened: (opened) => {
        current = opened as WebSocket;
      },
      connected: () => become("live"),
      closed: (event) => {
        clearTimeout(pongIsLate);
        become("lost");
        if (isClosing(event) && event.code === FORBIDDEN) {
          refuse({ kind: "key", message: "This key no longer counts. Sign in with another one." });
        }
      },
      // A connection may be gone without anybody saying so: then no pong comes.
      ping: (received) => {
        if (!received) pongIsLate = setTimeout(() => current?.close(4408, "No pong came"), PONG_WITHIN);
      },
      pong: (received) => {
        if (received) clearTimeout(pongIsLate);
      },
    },
  });
}

function followed<Data, Variables>(
  socket: Socket,
  document: TypedDocumentNode<Data, Variables>,
  variables: () => Variables,
  hear: (data: Data) => void,
  refuse: (problem: Problem) => void,
): () => void {
  const query = stringifyDocument(document);
  let stop = () => {};
  let again: ReturnType<typeof setTimeout> | undefined;
  let isOver = false;

  const start = () => {
    const payload = {
      query,
      // Read whenever the payload is written to a socket, the first time and after each loss.
      get variables() {
        return variables() as Record<string, unknown>;
      },
    };
    stop = socket.subscribe<Data>(payload, {
      next: ({ data }) => {
        if (data && !isOver) hear(data);
      },
      error: (problem) => ended(Array.isArray(problem) ? problemOfErrors(problem) : null),
      complete: () => ended(null),
    });
  };
  const ended = (problem: Problem | null) => {
    if (isOver) return;
    if (problem?.kind === "key") refuse(problem);
    // The server ended one subscription and not the socket: ask for the rest a little later.
    else again = setTimeout(start, ASK_AGAIN_AFTER);
  };

  start();
  return () => {
    isOver = true;
    clearTimeout(again);
    stop();
  };
}

/** Waits about so many milliseconds, less where the machine is told to be on-line again. */
function waited(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener("online", done);
      resolve();
    };
    // Not all clients of a server that comes back should come at the same moment.
    const timer = setTimeout(done, milliseconds * (0.7 + Math.random() * 0.6));
    addEventListener("online", done);
  });
}

function isClosing(problem: unknown): problem is CloseEvent {
  return typeof problem === "object" && problem !== null && "code" in problem;
}
