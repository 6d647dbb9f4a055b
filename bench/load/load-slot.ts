/** Room for one request at a time: a connection of HTTP/1.1, a stream of HTTP/2. */
export interface LoadSlot {
  /** `answered` is called once the whole answer is here. */
  send(answered: () => void): void;
}
