/**
 * On whose behalf the isolate runs: the question whose CPU budget pays for this entry, for the timers and fetches
 * that it starts, and for what they wake. 0: nobody's. Stays as it is until the next entry, so that what follows an
 * `await` in this one counts too.
 */
export const owner = { id: 0 };
