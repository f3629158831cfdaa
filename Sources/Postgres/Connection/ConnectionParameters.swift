internal import CLibPQ
import Glibc

/// libpq's keywords and values for one configuration.
struct ConnectionParameters: Sendable {
    private(set) var values: [(keyword: String, value: String)]

    /// - Throws: `PostgresError` (`.invalidUse`) if libpq cannot read the connection string.
    init(_ configuration: PostgresConfiguration) throws(PostgresError) {
        var given = try Self.parse(configuration.connectionString)
        func isGiven(_ keyword: String, environment: String? = nil) -> Bool {
            given.contains { $0.keyword == keyword } || environment.map { getenv($0) != nil } ?? false
        }
        func value(_ keyword: String, environment: String) -> String? {
            given.first { $0.keyword == keyword }?.value ?? getenv(environment).map { String(cString: $0) }
        }

        var defaults = [
            ("keepalives_idle", "5"), ("keepalives_interval", "1"), ("keepalives_count", "3"),
            ("tcp_user_timeout", "3000"),
        ]
        if !isGiven("application_name", environment: "PGAPPNAME") {
            defaults.append(("application_name", configuration.applicationName))
        }
        let hosts = value("host", environment: "PGHOST") ?? value("hostaddr", environment: "PGHOSTADDR") ?? ""
        hostCount = hosts.split(separator: ",", omittingEmptySubsequences: false).count
        if hostCount > 1 {
            if !isGiven("target_session_attrs", environment: "PGTARGETSESSIONATTRS") {
                defaults.append(("target_session_attrs", "read-write"))
            }
            if !isGiven("connect_timeout", environment: "PGCONNECT_TIMEOUT") {
                let share = configuration.connectTimeout / hostCount
                defaults.append(("connect_timeout", String(max(2, share.components.seconds))))
            }
        }
        for (keyword, value) in defaults where !isGiven(keyword) { given.append((keyword, value)) }

        // The user's own come last, so they win.
        var settings = ["client_connection_check_interval": "100ms", "idle_in_transaction_session_timeout": "1s"]
        settings.merge(configuration.settings) { $1 }
        var options = settings.sorted { $0.key < $1.key }.map { "-c \($0.key)=\(Self.escaped($0.value))" }
        if let own = value("options", environment: "PGOPTIONS") { options.append(own) }
        given.removeAll { $0.keyword == "options" }
        given.append(("options", options.joined(separator: " ")))
        // What is sent and shown is UTF-8, whatever the environment says.
        if !isGiven("client_encoding") { given.append(("client_encoding", "UTF8")) }
        values = given
    }

    /// How many hosts libpq is to try.
    let hostCount: Int

    /// Without server settings, which a pooler refuses.
    var withoutOptions: ConnectionParameters {
        var others = self
        others.values.removeAll { $0.keyword == "options" }
        return others
    }

    /// Calls `body` with libpq's two NULL-terminated arrays.
    func withPointers<R>(
        _ body: (UnsafePointer<UnsafePointer<CChar>?>, UnsafePointer<UnsafePointer<CChar>?>) -> R
    ) -> R {
        let keywords = values.map { strdup($0.keyword) }
        let contents = values.map { strdup($0.value) }
        defer { for copy in keywords + contents { free(copy) } }
        let keywordPointers = keywords.map { $0.map { UnsafePointer($0) } } + [nil]
        let contentPointers = contents.map { $0.map { UnsafePointer($0) } } + [nil]
        return body(keywordPointers, contentPointers)
    }

    private static func parse(_ text: String) throws(PostgresError) -> [(keyword: String, value: String)] {
        var message: UnsafeMutablePointer<CChar>?
        guard let options = PQconninfoParse(text, &message) else {
            defer { PQfreemem(message) }
            let reason = message.map { String(cString: $0) }?.split(separator: "\n").first ?? "out of memory"
            throw PostgresError(.invalidUse, "The connection string cannot be read: \(reason).")
        }
        defer { PQconninfoFree(options) }
        var found: [(keyword: String, value: String)] = []
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { found.append((String(cString: keyword), String(cString: value))) }
            option += 1
        }
        return found
    }

    /// In `options`, spaces separate and backslashes escape.
    private static func escaped(_ value: String) -> String {
        value.reduce(into: "") { text, character in
            if character == "\\" || character.isWhitespace { text.append("\\") }
            text.append(character)
        }
    }
}
