import ArgumentParser
import HTTPAPI
import Trading

struct TokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Makes access tokens for the API.",
        subcommands: [Create.self]
    )

    struct Create: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prints a new access token, once, and what to configure so that it is let in.",
            discussion: """
                Roles: a viewer looks; a trader also starts, stops, pauses and resumes strategies; an admin also sends \
                replicas away. Replicas need only the second line, which is of no use to anybody else. In the file that \
                TENURE_API_TOKENS_FILE names, entries are added and removed without a restart.

                Example: tenure token create --role trader --name alice --expires 2027-06-30
                """
        )

        @Option(help: "viewer, trader or admin.")
        var role: AccessRole

        @Option(help: "Whose it is; what they do is recorded under this name.")
        var name: String

        @Option(
            help: ArgumentHelp("From this day on (UTC) it is void. (default: never)", valueName: "YYYY-MM-DD"),
            transform: { text in
                guard let day = CalendarDay(text) else { throw ValidationError("\(text) is not a day like 2027-01-31") }
                return day
            }
        )
        var expires: CalendarDay?

        @Flag(help: "Print JSON, for programs.")
        var json = false

        func validate() throws {
            guard AccessToken.isName(name) else {
                throw ValidationError("--name takes one to 64 letters, digits, dots, dashes and underscores")
            }
        }

        func run() {
            let (token, entry) = AccessToken.make(name: name, role: role, expires: expires)
            guard !json else {
                return print(JSONValue.object(["token": .string(token), "entry": .string(entry)]).text)
            }
            print("Token, shown only now:         \(token)")
            print("For TENURE_API_TOKENS[_FILE]:  \(entry)")
        }
    }
}

extension AccessRole: ExpressibleByArgument {}
