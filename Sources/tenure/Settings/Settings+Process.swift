import FoundationEssentials

extension Settings {
    /// Those of this process, or the end of the command, with everything that is wrong with them.
    static func ofThisProcess() throws -> Settings {
        do {
            return try Settings(
                SettingsSource(environment: ProcessInfo.processInfo.environment),
                hostName: ProcessInfo.processInfo.hostName
            )
        } catch {
            throw fail("\(error)", code: 78)
        }
    }
}
