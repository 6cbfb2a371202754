/** `clock.accept`: an administrator confirms the host's clock after a jump of more than a day. */

/** States the time that the administrator reads elsewhere; it must agree with the stamp. */
export interface ClockAccept {
  readonly type: "clock.accept";
  /** Ms since 1970. */
  readonly timeMs: number;
}
