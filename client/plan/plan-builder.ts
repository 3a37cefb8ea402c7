/** A chain's last step -> the plan that the coordinator takes: every step that it needs, once, under a name of its own. */
import type { AuthorPlan } from '../../shared/plan/author-plan.ts';
import { identifierSql } from '../sql/literals.ts';
import { type RelationNode, relationOf, type Source, stepLabel } from './relation-node.ts';

type PlannedRelation = AuthorPlan['relations'][number];

/** Names that relations can have, and guests' relations can say. */
const PLAIN_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/;
const WORDS = /[A-Za-z_][A-Za-z0-9_]*/g;

class PlanBuilder {
  readonly #relations: PlannedRelation[] = [];
  readonly #names = new Map<RelationNode, string>();
  readonly #wrapped = new Map<string, RelationNode>();
  /** In lower case: SQL does not tell names apart by case. */
  readonly #taken: Set<string>;
  readonly kept = new Map<RelationNode, string>();

  constructor(taken: Set<string>) {
    this.#taken = taken;
  }

  get relations(): readonly PlannedRelation[] {
    return this.#relations;
  }

  /** The name of a node's relation; it is in the plan, after what it reads. */
  add(node: RelationNode): string {
    const known = this.#names.get(node);
    if (known !== undefined) return known;
    const names = node.inputs.map((input) => this.#nameOf(input, node.reads));
    const name = this.#free(stepLabel(node.step, node.depth));
    this.#names.set(node, name);
    this.#relations.push({ name, relation: node.write(names) });
    if (node.kept !== undefined) this.kept.set(node, name);
    return name;
  }

  #nameOf(input: Source, reads: RelationNode['reads']): string {
    if (input.kind === 'relation') return this.add(input);
    if (reads === 'sql') return identifierSql(input.name);
    return PLAIN_NAME.test(input.name) ? input.name : this.add(this.#wrap(input));
  }

  /** A dataset whose name only SQL can say. */
  #wrap(input: Extract<Source, { kind: 'dataset' }>): RelationNode {
    const node = this.#wrapped.get(input.name) ?? relationOf(input);
    this.#wrapped.set(input.name, node);
    return node;
  }

  #free(label: string): string {
    let name = label;
    for (let i = 2; this.#taken.has(name.toLowerCase()); i += 1) name = `${label}_${i}`;
    this.#taken.add(name.toLowerCase());
    return name;
  }
}

/** Names that the chain's own SQL and datasets use. */
function namesUsed(result: Source): Set<string> {
  const used = new Set<string>();
  const seen = new Set<Source>();
  const rest: Source[] = [result];
  for (let source = rest.pop(); source !== undefined; source = rest.pop()) {
    if (seen.has(source)) continue;
    seen.add(source);
    if (source.kind === 'dataset') used.add(source.name.toLowerCase());
    else {
      for (const text of source.texts) for (const [word] of text.matchAll(WORDS)) used.add(word.toLowerCase());
      rest.push(...source.inputs);
    }
  }
  return used;
}

/** The plan whose result is `source`. */
export function planOf(source: Source): AuthorPlan {
  const builder = new PlanBuilder(namesUsed(source));
  const result = builder.add(relationOf(source));
  const { relations, kept } = builder;
  const cache = [...kept].map(([node, name]) => ({ name, level: node.kept ?? 'tabs' }));
  return { relations: [...relations], result, ...(cache.length > 0 && { cache }) };
}
