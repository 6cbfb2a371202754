/**
 * Accounts that cannot be overdrawn.
 *
 * Money comes in by `credit` alone and is moved by `transfer`; the row `total` is the sum of all accounts.
 */
defineFamily({
  prefix: "ledger",
  version: 1,
  operations: {
    open: { account: "name" },
    credit: { account: "name", amount: "positive" },
    transfer: { from: "name", to: "name", amount: "positive", memo: "text?" },
  },
  events: {
    opened: { account: "name" },
    credited: { account: "name", amount: "positive" },
    transferred: { from: "name", to: "name", amount: "positive", memo: "text?" },
  },

  /** Reads rows, writes nothing: events, or a refusal with a code of our own. */
  decide(rows, { type, body }) {
    const balanceOf = (account) => rows.get(`account/${account}`);
    const unknown = (account) => ({ refused: { code: "account_unknown", account } });
    switch (type) {
      case "open":
        if (balanceOf(body.account) !== undefined)
          return { refused: { code: "account_exists", account: body.account } };
        return { events: [{ type: "opened", ...body }] };
      case "credit":
        if (balanceOf(body.account) === undefined) return unknown(body.account);
        if (!Number.isSafeInteger((rows.get("total") ?? 0) + body.amount))
          return { refused: { code: "amount_too_large" } };
        return { events: [{ type: "credited", ...body }] };
      case "transfer": {
        const { from, to, amount } = body;
        if (from === to) return { refused: { code: "same_account", account: from } };
        const available = balanceOf(from);
        if (available === undefined) return unknown(from);
        if (balanceOf(to) === undefined) return unknown(to);
        if (available < amount) return { refused: { code: "overdrawn", available, wanted: amount } };
        return { events: [{ type: "transferred", ...body }] };
      }
    }
  },

  /** Writes rows: what an event does to the accounts. */
  evolve(rows, event) {
    const change = (key, amount) => rows.put(key, (rows.get(key) ?? 0) + amount);
    switch (event.type) {
      case "opened":
        rows.put(`account/${event.account}`, 0);
        break;
      case "credited":
        change(`account/${event.account}`, event.amount);
        change("total", event.amount);
        break;
      case "transferred":
        change(`account/${event.from}`, -event.amount);
        change(`account/${event.to}`, event.amount);
        break;
    }
  },
});
