import Logging
import Migrations
import Postgres

extension Doctor {
    /// The direct connection, the one for statements, and the schema.
    func examineDatabase() async -> [Finding] {
        guard !settings.databaseURL.isEmpty else { return [] }
        let session: PostgresConnection
        do {
            session = try await PostgresConnection.connect(configuration(settings.sessionDatabaseURL), logger: logger)
        } catch {
            return [Self.unreachable("database.session", error)]
        }
        var findings = await examine(session)
        await session.close()
        findings += await examineSchema()
        return findings
    }

    private func examine(_ session: PostgresConnection) async -> [Finding] {
        do {
            let asked = ContinuousClock.now
            let here = try await Identity(session, Self.patience)
            let milliseconds = asked.duration(to: .now) / .milliseconds(1)
            guard !session.isPooled, here.backend == session.backendPID else {
                return [
                    .error(
                        "database.session",
                        "it goes through a pooler in transaction mode, where no lock and no notification lasts",
                        "Set TENURE_SESSION_DATABASE_URL to PostgreSQL itself; TENURE_DATABASE_URL may stay as it is."
                    )
                ]
            }
            var findings: [Finding] = [
                .ok(
                    "database.session",
                    "a direct session as \"\(here.role)\", \(milliseconds.rounded()) ms a round trip"
                )
            ]
            var statements = here
            if settings.databaseURL != settings.sessionDatabaseURL {
                let (identity, finding) = await examineStatements(here)
                statements = identity ?? here
                findings.append(finding)
            }
            let facts = try await DatabaseFacts(session, otherRole: statements.role, timeout: Self.patience)
            return findings + facts.findings
        } catch {
            return [Self.unreachable("database.session", error)]
        }
    }

    /// The connection for statements, where it is another one: it must lead to the same database.
    private func examineStatements(_ here: Identity) async -> (Identity?, Finding) {
        do {
            let connection = try await PostgresConnection.connect(configuration(settings.databaseURL), logger: logger)
            let isPooled = connection.isPooled
            let identity: Identity
            do {
                identity = try await Identity(connection, Self.patience)
            } catch {
                await connection.close()
                throw error
            }
            await connection.close()
            guard identity.database == here.database, identity.started == here.started else {
                return (
                    identity,
                    .error(
                        "database.statements",
                        "TENURE_DATABASE_URL and TENURE_SESSION_DATABASE_URL lead to two databases",
                        "Make both lead to the same database of the same server."
                    )
                )
            }
            let way = isPooled ? "through a pooler" : "directly"
            return (identity, .ok("database.statements", "the same database, reached \(way)"))
        } catch {
            return (nil, Self.unreachable("database.statements", error))
        }
    }

    private func examineSchema() async -> [Finding] {
        do {
            let status = try await Migrator().check(configuration(settings.sessionDatabaseURL), logger: logger)
            let versions = "version \(status.databaseVersion); this program's is \(status.latestVersion)"
            return [
                status.isUpToDate
                    ? .ok("database.schema", versions)
                    : .warning(
                        "database.schema",
                        status.databaseVersion == 0 ? "there is none yet" : "it is old: \(versions)",
                        "`tenure serve` brings it up to date, unless told --no-migrate; `tenure migrate` does it now."
                    )
            ]
        } catch let error as MigrationError {
            return [
                .error("database.schema", error.message, "Use the program that the schema belongs to, or a newer one.")
            ]
        } catch {
            return [Self.unreachable("database.schema", error)]
        }
    }

    private func configuration(_ url: String) -> PostgresConfiguration {
        PostgresConfiguration(connectionString: url, applicationName: "tenure doctor", connectTimeout: Self.patience)
    }

    /// Why there is no connection, and what that usually means.
    private static func unreachable(_ check: String, _ error: any Error) -> Finding {
        let message = (error as? PostgresError)?.message ?? "\(error)"
        let causes = [
            ("password authentication failed", "Correct the user name or the password in the connection string."),
            ("no password supplied", "Put the password into the connection string, PGPASSWORD or a password file."),
            ("no pg_hba.conf entry", "Let this address in, in the server's pg_hba.conf; or set sslmode=require."),
            ("role \"", "Create the role (CREATE ROLE … LOGIN), or correct the user name."),
            ("database \"", "Create the database (CREATE DATABASE …), or correct its name."),
            ("Connection refused", "Is PostgreSQL running there? Correct host and port, or start it."),
            ("could not translate host name", "Correct the host name; this machine cannot resolve it."),
            ("too many clients", "Raise max_connections, or end what holds the connections."),
            ("remaining connection slots", "Raise max_connections, or end what holds the connections."),
            ("certificate", "Correct sslmode and sslrootcert, or the server's certificate."),
        ]
        let advice =
            causes.first { message.contains($0.0) }?.1 ?? "Correct the connection string, or the way to the server."
        return .error(check, message, advice)
    }

    /// Where a connection leads.
    private struct Identity {
        let backend: Int32
        let role: String
        let database: String
        let started: PostgresTimestamp

        init(_ connection: PostgresConnection, _ timeout: Duration) async throws {
            let rows = try await connection.query(
                "SELECT pg_backend_pid(), current_user::text, current_database()::text, pg_postmaster_start_time()",
                timeout: timeout
            )
            guard let row = rows.first else { preconditionFailure("a SELECT without FROM has one row") }
            (backend, role, database, started) = try row.decode(
                Int32.self,
                String.self,
                String.self,
                PostgresTimestamp.self
            )
        }
    }
}
