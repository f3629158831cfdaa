import ArgumentParser
import FoundationEssentials
import Trading

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract:
            "Looks for what would keep a replica on this machine from running well, and says what to do about it.",
        discussion: """
            It reads the settings as `tenure serve` does, asks the database and the exchange, and changes nothing.

            Examples:
              tenure doctor
              tenure doctor --json | jq '.findings[] | select(.status != "ok")'

            Exit status: 0 all is well, or there are warnings only; 1 something is wrong.
            """
    )

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        let (settings, problems): (Settings, [String])
        do {
            let source = try SettingsSource(environment: ProcessInfo.processInfo.environment)
            (settings, problems) = Settings.read(source, hostName: ProcessInfo.processInfo.hostName)
        } catch let error as SettingsError {
            throw fail("\(error)", code: 1)
        }
        let findings = await Doctor(settings: settings, problems: problems).examine()
        let errors = findings.count { $0.status == .error }
        let warnings = findings.count { $0.status == .warning }
        if json {
            print(JSONValue.object(["ok": .bool(errors == 0), "findings": .array(findings.map(\.json))]).text)
        } else {
            let style = TextStyle.standardOutput
            for finding in findings { print(finding.text(style)) }
            print("\n\(errors) wrong, \(warnings) doubtful, \(findings.count - errors - warnings) as they should be.")
        }
        if errors > 0 { throw ExitCode(1) }
    }
}
