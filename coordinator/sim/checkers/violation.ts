/** A run broke one of the rules that the simulator checks. `rule` is short and stable, for tests to name. */
export class Violation extends Error {
  override name = 'Violation';
  readonly rule: string;

  constructor(rule: string, message: string) {
    super(`${rule}: ${message}`);
    this.rule = rule;
  }
}

export function must(condition: unknown, rule: string, message: () => string): asserts condition {
  if (!condition) throw new Violation(rule, message());
}
