/** What waits for the end of the turn. */
export interface TurnEnd {
  /** The turn is over, or others wait in great number: what was put off is done now. */
  turnEnded(): void;
}

/** In a long turn the first must not wait for hundreds of others. */
const MOST_WAITING = 32;

let waiting: TurnEnd[] = [];
let due = false;

/**
 * Calls `turnEnded` when the event loop has handled what arrived. Connections write then, one behind the other: a
 * write goes all the way through the kernel to its reader and wakes it, and many in a row find code in the caches and
 * readers awake. Under load that is a fifth of all CPU (docs/bench/wire.md); a lone write waits for nothing but the rest
 * of its turn. The one that fills the line ends the turn for all: `turnEnded` may come within somebody else's call.
 */
export function atTurnEnd(waiter: TurnEnd): void {
  waiting.push(waiter);
  if (waiting.length >= MOST_WAITING) endTurn();
  else if (!due) {
    due = true;
    setImmediate(immediately);
  }
}

function immediately(): void {
  due = false;
  endTurn();
}

function endTurn(): void {
  const ended = waiting;
  waiting = [];
  for (const waiter of ended) waiter.turnEnded();
}
