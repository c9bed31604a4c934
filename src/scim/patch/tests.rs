use serde_json::json;

use super::*;
use crate::scim::schema::USER;

fn ada() -> Value {
    json!({
        "userName": "ada@northwind.example",
        "name": { "givenName": "Ada", "familyName": "Lovell" },
        "emails": [
            { "value": "ada@northwind.example", "type": "work", "primary": true },
            { "value": "ada@home.example", "type": "home" },
        ],
        "active": true,
    })
}

fn patched(operations: &Value) -> Result<Value, Error> {
    let mut document = Document::of(&USER, &ada()).unwrap();
    let body = json!({ "Operations": operations });
    for operation in super::operations(&USER, &body)? {
        operation.apply(&mut document, &USER)?;
    }
    Ok(Value::Object(document.0))
}

/// What Ada is after one change, but for what stays.
fn after(operation: &Value) -> Value {
    let mut after = patched(&json!([operation])).unwrap();
    let before = ada();
    after
        .as_object_mut()
        .unwrap()
        .retain(|name, value| before[name] != *value);
    after
}

fn code(operations: &Value) -> &'static str {
    match patched(operations) {
        Err(Error::Rejected(rejection)) => rejection.code,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_path_names_an_attribute_or_a_part_of_one() {
    let changed = after(&json!({ "op": "add", "path": "nickName", "value": "A" }));
    assert_eq!(changed, json!({ "nickName": "A" }));
    let changed = after(&json!({ "op": "replace", "path": "name.givenName", "value": "Augusta" }));
    assert_eq!(
        changed,
        json!({ "name": { "givenName": "Augusta", "familyName": "Lovell" } })
    );
    // The parts that are not named stay (section 3.5.2.3).
    let value = json!({ "middleName": "King" });
    let changed = after(&json!({ "op": "replace", "path": "name", "value": value }));
    assert_eq!(changed["name"]["givenName"], "Ada");
    assert_eq!(changed["name"]["middleName"], "King");
    let whole = patched(&json!([{ "op": "remove", "path": "name.familyName" }])).unwrap();
    assert_eq!(whole["name"], json!({ "givenName": "Ada" }));
    let whole = patched(&json!([{ "op": "remove", "path": "emails" }])).unwrap();
    assert_eq!(whole.get("emails"), None);
}

#[test]
fn without_a_path_the_value_names_the_attributes() {
    let value = json!({ "nickName": "A", "emails": [{ "value": "third@x.example" }] });
    let added = after(&json!({ "op": "add", "value": value }));
    assert_eq!(added["nickName"], "A");
    assert_eq!(added["emails"].as_array().unwrap().len(), 3);
    let replaced = after(&json!({ "op": "replace", "value": value }));
    assert_eq!(replaced["emails"], json!([{ "value": "third@x.example" }]));
}

#[test]
fn without_a_path_a_name_may_be_a_path_with_a_filter() {
    let value = json!({
        "emails[type eq \"work\"].value": "new@x.example",
        "phoneNumbers[type eq \"mobile\"].value": "+1 555",
        "name.familyName": "King",
        "badges[type eq \"work\"].value": "9",
        "groups[value eq \"x\"].display": "Owners",
    });
    let changed = after(&json!({ "op": "Replace", "value": value }));
    let emails = json!([
        { "value": "new@x.example", "type": "work", "primary": true },
        ada()["emails"][1],
    ]);
    let phone_numbers = json!([{ "type": "mobile", "value": "+1 555" }]);
    let name = json!({ "givenName": "Ada", "familyName": "King" });
    let expected = json!({ "emails": emails, "name": name, "phoneNumbers": phone_numbers });
    assert_eq!(changed, expected);
    let unreadable = json!({ "op": "Replace", "value": { "emails[type eq \"work\"": "x" } });
    assert_eq!(code(&json!([unreadable])), "invalidPath");
}

#[test]
fn what_is_there_is_not_added_again_and_the_new_primary_is_the_only_one() {
    let again = json!({ "value": "ada@home.example", "type": "home" });
    let changed = after(&json!({ "op": "add", "path": "emails", "value": [again] }));
    assert_eq!(changed, json!({}));
    let new = json!({ "value": "new@x.example", "primary": true });
    let changed = after(&json!({ "op": "add", "path": "emails", "value": [new] }));
    let primary: Vec<&Value> = changed["emails"].as_array().unwrap().iter().collect();
    assert_eq!(primary[0]["primary"], false);
    assert_eq!(primary[2]["primary"], true);
}

#[test]
fn a_filter_chooses_the_values_to_change() {
    let path = r#"emails[type eq "work"].value"#;
    let changed = after(&json!({ "op": "replace", "path": path, "value": "a@x.example" }));
    assert_eq!(
        changed["emails"][0],
        json!({ "value": "a@x.example", "type": "work", "primary": true })
    );
    assert_eq!(changed["emails"][1], ada()["emails"][1]);
    let path = r#"emails[type eq "home"]"#;
    let value = json!({ "value": "b@x.example" });
    let changed = after(&json!({ "op": "replace", "path": path, "value": value }));
    assert_eq!(changed["emails"][1], value);
    let changed = after(&json!({ "op": "add", "path": path, "value": { "display": "Home" } }));
    assert_eq!(
        changed["emails"][1],
        json!({ "value": "ada@home.example", "type": "home", "display": "Home" })
    );
    let changed = after(&json!({ "op": "remove", "path": "emails[not (primary eq true)]" }));
    assert_eq!(changed["emails"].as_array().unwrap().len(), 1);
    let changed = after(&json!({ "op": "remove", "path": r#"emails[type eq "home"].type"# }));
    assert_eq!(changed["emails"][1], json!({ "value": "ada@home.example" }));
    // Removing what is not there is done already.
    let changed = after(&json!({ "op": "remove", "path": r#"emails[type eq "x"]"# }));
    assert_eq!(changed, json!({}));
}

/// <https://learn.microsoft.com/entra/identity/app-provisioning/application-provisioning-config-problem-scim-compatibility>
#[test]
fn what_entra_sends_is_understood() {
    assert_eq!(
        after(&json!({ "op": "Replace", "path": "active", "value": "False" })),
        json!({ "active": false })
    );
    let value = json!({ "active": "False", "name.givenName": "Augusta", "displayName": "A" });
    let changed = after(&json!({ "op": "Replace", "value": value }));
    assert_eq!(changed["active"], false);
    assert_eq!(
        changed["name"],
        json!({ "givenName": "Augusta", "familyName": "Lovell" })
    );
    // A value that is not there yet, by Add as by Replace.
    for op in ["Add", "Replace"] {
        let path = r#"phoneNumbers[type eq "mobile"].value"#;
        let changed = after(&json!({ "op": op, "path": path, "value": "+1 555" }));
        assert_eq!(
            changed["phoneNumbers"],
            json!([{ "type": "mobile", "value": "+1 555" }])
        );
    }
    let path = r#"emails[type eq "other" and primary eq "False"].value"#;
    let changed = after(&json!({ "op": "Add", "path": path, "value": "o@x.example" }));
    let other = json!({ "type": "other", "primary": false, "value": "o@x.example" });
    assert_eq!(changed["emails"][2], other);
    let urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    let path = format!("{urn}:department");
    let changed = after(&json!({ "op": "Add", "path": path, "value": "Engines" }));
    assert_eq!(changed[urn], json!({ "department": "Engines" }));
    let path = format!("{urn}:manager");
    let changed = after(&json!({ "op": "Add", "path": path, "value": "26118915" }));
    assert_eq!(changed[urn], json!({ "manager": { "value": "26118915" } }));
    let value = json!({ "department": "Engines" });
    let changed = after(&json!({ "op": "Add", "path": urn, "value": value }));
    assert_eq!(changed[urn], value);
    // The older dialect, which names a value by an array of one.
    let value = json!([{ "$ref": null, "value": "Augusta" }]);
    let changed = after(&json!({ "op": "Replace", "path": "displayName", "value": value }));
    assert_eq!(changed, json!({ "displayName": "Augusta" }));
    // Values to remove stand beside the path.
    let value = json!([{ "value": "ada@home.example" }]);
    let changed = after(&json!({ "op": "Remove", "path": "emails", "value": value }));
    assert_eq!(changed["emails"], json!([ada()["emails"][0]]));
    let path = format!("{urn}:manager");
    for removed in [path.clone(), format!(r#"{path}[value eq "26118915"]"#)] {
        let whole = patched(&json!([
            { "op": "Add", "path": path, "value": "26118915" },
            { "op": "Remove", "path": removed },
        ]));
        assert_eq!(whole.unwrap(), ada());
    }
    let whole = patched(&json!([
        { "op": "Add", "path": path, "value": "26118915" },
        { "op": "Remove", "path": format!(r#"{path}[value eq "of somebody else"]"#) },
    ]));
    assert_eq!(
        whole.unwrap()[urn]["manager"],
        json!({ "value": "26118915" })
    );
    // What is emptied before it was ever there.
    for value in [Value::Null, json!("")] {
        let path = r#"phoneNumbers[type eq "mobile"].value"#;
        assert_eq!(
            after(&json!({ "op": "Replace", "path": path, "value": value })),
            json!({})
        );
    }
}

#[test]
fn what_is_in_no_schema_is_passed_over_and_the_rest_done() {
    let urn = "urn:ietf:params:scim:schemas:extension:custom:2.0:User";
    for path in [
        "nonsense",
        "name.x",
        "emails[type eq \"work\"].x",
        r#"badges[type eq "work"].value"#,
        "badges[0].value",
        &format!("{urn}:site"),
        &format!("{urn}:site.code"),
    ] {
        let whole = patched(&json!([
            { "op": "Add", "path": path, "value": "9" },
            { "op": "Replace", "path": "active", "value": "False" },
        ]));
        let mut off = ada();
        off["active"] = false.into();
        assert_eq!(whole.unwrap(), off, "{path}");
    }
    assert_eq!(patched(&json!([])).unwrap(), ada());
}

#[test]
fn what_cannot_be_done_says_why_in_the_standards_words() {
    let one = |operation: Value| code(&json!([operation]));
    assert_eq!(
        one(json!({ "op": "move", "path": "title", "value": 1 })),
        "invalidSyntax"
    );
    assert_eq!(one(json!({ "op": "remove" })), "noTarget");
    assert_eq!(one(json!({ "op": "add", "path": "title" })), "invalidValue");
    assert_eq!(one(json!({ "op": "add", "value": "x" })), "invalidValue");
    assert_eq!(
        one(json!({ "op": "replace", "path": "active", "value": "x" })),
        "invalidValue"
    );
    for path in [
        "emails[",
        "badges[",
        "emails[type pr]x",
        "userName[value pr]",
        "a b",
    ] {
        let operation = json!({ "op": "replace", "path": path, "value": "x" });
        assert_eq!(one(operation), "invalidPath", "{path}");
    }
    for path in ["emails[type is 1]", "emails[x pr]"] {
        let operation = json!({ "op": "replace", "path": path, "value": "x" });
        assert_eq!(one(operation), "invalidFilter", "{path}");
    }
    for path in [
        "id",
        "meta.created",
        "groups",
        r#"groups[value eq "x"]"#,
        "schemas",
    ] {
        let operation = json!({ "op": "replace", "path": path, "value": "x" });
        assert_eq!(one(operation), "mutability", "{path}");
    }
    // No value to replace (section 3.5.2.3), and none that could be made up.
    for path in [
        r#"emails[type eq "x"]"#,
        r#"emails[value sw "x"].type"#,
        r#"name[givenName eq "x"]"#,
    ] {
        let operation = json!({ "op": "replace", "path": path, "value": { "value": "x" } });
        assert_eq!(one(operation), "noTarget", "{path}");
    }
}
