// swift-tools-version: 6.2
import PackageDescription

// Weir's side of the content benchmark; `../run --only content` builds it and its rivals.
let package = Package(
  name: "Content",
  dependencies: [.package(name: "weir", path: "../../..")],
  targets: [
    .executableTarget(
      name: "Content", dependencies: [.product(name: "WeirPure", package: "weir")], path: "Sources",
      swiftSettings: [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .treatAllWarnings(as: .error),
      ])
  ]
)
