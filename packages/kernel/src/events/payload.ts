/** Events of payloads. What an event leaves out stands in the operation of the same entry. */

/** Contents are gone for good: their salts and bytes were removed together with this entry. */
export interface PayloadErased {
  readonly type: "payload.erased";
  readonly schema: 1;
  /** How many. */
  readonly count: number;
}

/** The events of this area. */
export type PayloadEvent = PayloadErased;
