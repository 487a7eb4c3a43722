import { Type } from "typebox";
import { changeProject, createProject } from "../../teams/projects.ts";
import { projectsOf } from "../../teams/store.ts";
import { SMALL_BODY_BYTES } from "../schemas.ts";
import type { Routes, Services } from "../services.ts";
import { doerOf } from "../session.ts";
import {
  Project,
  ProjectName,
  teamParams as params,
  teamProblems as problems,
  shapeProject,
  teamTags as tags,
} from "../team-shapes.ts";

const Projects = Type.Object({ projects: Type.Array(Project) });

/** What a team's keys are made for: usage and budgets can be told apart by it. */
export function teamProjectRoutes(app: Routes, services: Services): void {
  const list = async (accountId: string) => ({
    projects: (await projectsOf(services.sql, accountId)).map(shapeProject),
  });

  app.get(
    "/api/teams/:id/projects",
    { schema: { tags, summary: "A team's projects", params, response: { 200: Projects, ...problems } } },
    async (request) => list((await doerOf(services, request, "account")).accountId),
  );

  app.post(
    "/api/teams/:id/projects",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "Make a project; keys that name it count against its budgets",
        params,
        body: Type.Object({ name: ProjectName }),
        response: { 201: Projects, ...problems },
      },
    },
    async (request, reply) => {
      const doer = await doerOf(services, request, "projects");
      await createProject(services.sql, { ...doer, name: request.body.name });
      return reply.code(201).send(await list(doer.accountId));
    },
  );

  app.patch(
    "/api/teams/:id/projects/:name",
    {
      bodyLimit: SMALL_BODY_BYTES,
      schema: {
        tags,
        summary: "Archive a project, or take it back: while it is archived no key is made for it",
        params: Type.Object({ ...params.properties, name: ProjectName }),
        body: Type.Object({ archived: Type.Boolean() }),
        response: { 200: Projects, ...problems },
      },
    },
    async (request) => {
      const doer = await doerOf(services, request, "projects");
      await changeProject(services.sql, { ...doer, name: request.params.name, archived: request.body.archived });
      return list(doer.accountId);
    },
  );
}
