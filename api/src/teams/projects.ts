import type { Sql } from "../db/types.ts";
import { NotFoundError } from "../errors.ts";
import { archiveProject, insertProject } from "./store.ts";
import { type Doer, lockFor, TeamStateError } from "./team.ts";

const MAX_PROJECTS = 200;

type About = Doer & { name: string };

/** Makes a project that keys can name, and that budgets can be set on. @throws RoleNeededError, NotFoundError, TeamStateError */
export async function createProject(sql: Sql, { name, ...doer }: About): Promise<void> {
  await sql.begin(async (tx) => {
    await lockFor(tx, { ...doer, permission: "projects" });
    const made = await insertProject(tx, { accountId: doer.accountId, name, most: MAX_PROJECTS });
    if (made === "known") throw new TeamStateError(`There is a project ${name} already. Use it, or another name.`);
    if (made === "too_many") throw new TeamStateError(`A team has at most ${MAX_PROJECTS} projects. Use those it has.`);
  });
}

/** Archives a project, or takes it back: while it is archived no key is made for it; those it has go on. @throws RoleNeededError, NotFoundError */
export async function changeProject(
  sql: Sql,
  { name, archived, ...doer }: About & { archived: boolean },
): Promise<void> {
  await sql.begin(async (tx) => {
    await lockFor(tx, { ...doer, permission: "projects" });
    if (!(await archiveProject(tx, { accountId: doer.accountId, name, archived }))) throw new NotFoundError("project");
  });
}
