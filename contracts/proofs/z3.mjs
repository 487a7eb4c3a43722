import { readFileSync, writeSync } from "node:fs";
import { init } from "z3-solver";

/** z3 as a filter, as `z3 -in` is: SMT-LIB 2 in, answers out. Its threads would keep the process, so it exits. */
const { Z3 } = await init();
/** What the compiler's authors recommend for its Horn clauses. */
const PARAMETERS = {
  "rewriter.pull_cheap_ite": "true",
  "fp.spacer.q3.use_qgen": "true",
  "fp.spacer.mbqi": "false",
  "fp.spacer.ground_pobs": "false",
};
for (const [name, value] of Object.entries(PARAMETERS)) Z3.global_param_set(name, value);
const context = Z3.mk_context(Z3.mk_config());
writeSync(1, await Z3.eval_smtlib2_string(context, readFileSync(0, "utf8")));
process.exit(0);
