// swift-tools-version: 6.2
import PackageDescription

// What asks our evaluators of SPF and DKIM and our reader of messages, line by line; `run` asks others the same and
// tells the differences.
let package = Package(
  name: "Compare",
  dependencies: [.package(name: "weir", path: "../..")],
  targets: [
    .executableTarget(
      name: "Verdicts", dependencies: [.product(name: "WeirPure", package: "weir")], path: "Sources",
      swiftSettings: [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .treatAllWarnings(as: .error),
      ])
  ]
)
