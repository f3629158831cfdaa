import ArgumentParser
import Testing

@testable import tenure

struct HelpTests {
    @Test("every command has an example in its help")
    func examples() {
        func check(_ command: any ParsableCommand.Type) {
            let subcommands = command.configuration.subcommands
            for subcommand in subcommands { check(subcommand) }
            guard subcommands.isEmpty else { return }
            let help = Tenure.helpMessage(for: command)
            #expect(help.contains("Example"), "\(command)")
            #expect(help.contains("tenure \(command.configuration.commandName ?? "token create")"), "\(command)")
        }
        check(Tenure.self)
    }

    @Test("shells are told every command")
    func completion() {
        for shell in [CompletionShell.bash, .zsh, .fish] {
            let script = Tenure.completionScript(for: shell)
            for command in Tenure.configuration.subcommands {
                #expect(script.contains(command.configuration.commandName ?? ""), "\(command)")
            }
        }
    }
}
