/** What waits for the end of the turn. */
export interface TurnEnd {
  /** The turn is over, or others wait in great number: what was put off is done now. */
  turnEnded(): void;
}

/** So many wait at most: in a long turn the first must not wait for hundreds of others. */
const MOST = 32;

let waiting: TurnEnd[] = [];
let due = false;

/**
 * Calls `turnEnded` when the event loop has handled what arrived. Connections write then, one behind the other: a
 * write goes all the way through the kernel to its reader and wakes it, and many in a row find code in the caches and
 * readers awake. Under load that is a fifth of all CPU (docs/bench/wire.md); a lone write leaves as soon as ever.
 */
export function atTurnEnd(one: TurnEnd): void {
  waiting.push(one);
  if (waiting.length >= MOST) endTurn();
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
  for (const one of ended) one.turnEnded();
}
